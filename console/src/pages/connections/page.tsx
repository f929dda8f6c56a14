/** All connections, with what comes in by each; Manage Connections is in the lower right corner. */
import { Button, Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Activity, activityQuery, type Connection, connectionsQuery } from "../../api/queries/connections";
import { useMay } from "../../api/queries/session";
import { Amount } from "../../parts/amount";
import { Icon } from "../../parts/icon";
import { Lesson } from "../../parts/lesson";
import { Page } from "../../parts/page";
import { Skeleton } from "../../parts/skeleton";
import { Sparkline } from "../../parts/sparkline";
import { Trouble } from "../../parts/trouble";
import { When } from "../../parts/when";
import { connections as words, isTest } from "../../words/en/connections";

export function ConnectionsPage() {
  const found = useQuery(connectionsQuery);
  const activity = useQuery(activityQuery);
  const mayAdd = useMay("admin");
  const byId = new Map(activity.data?.items.map((one) => [one.connection_id, one]));
  return (
    <Page title={words.title} says={words.says}>
      {found.error ? <Trouble error={found.error} again={() => void found.refetch()} /> : null}
      {found.isPending ? <Skeleton /> : null}
      {found.data?.length === 0 ? (
        <Lesson
          title={words.empty}
          says={words.emptySays}
          act={mayAdd ? <Link to="/connections/new">{words.add}</Link> : words.onlyAdmins}
        />
      ) : null}
      {found.data?.length ? <List connections={found.data} activity={byId} /> : null}
      {activity.error ? <Trouble error={activity.error} again={() => void activity.refetch()} /> : null}
      {mayAdd ? <Manage /> : null}
    </Page>
  );
}

function Manage() {
  return (
    <div className="corner">
      <Menu position="top-end">
        <Menu.Target>
          <Button leftSection={<Icon name="connections" />}>{words.manage}</Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component={Link} to="/connections/new" leftSection={<Icon name="plus" />}>
            {words.add}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

function List({ connections, activity }: { connections: Connection[]; activity: Map<string, Activity> }) {
  const { columns } = words;
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={words.title}>
      <table className="list">
        <thead>
          <tr>
            <th scope="col">{columns.name}</th>
            <th scope="col">{columns.kind}</th>
            <th scope="col">{columns.state}</th>
            <th scope="col">{columns.last}</th>
            <th scope="col">{columns.days}</th>
            <th scope="col" className="number">
              {columns.events}
            </th>
            <th scope="col" className="number">
              {columns.refusals}
            </th>
            <th scope="col" className="number">
              {columns.dates}
            </th>
          </tr>
        </thead>
        <tbody>
          {connections.map((one) => (
            <Row key={one.id} connection={one} activity={activity.get(one.id)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ connection, activity }: { connection: Connection; activity: Activity | undefined }) {
  const { id, name, kind, is_enabled } = connection;
  const events = activity?.events ?? [];
  return (
    <tr>
      <td>
        <Link to="/connections/$id" params={{ id }} className="name">
          {name}
        </Link>{" "}
        {isTest(name) ? <span className="tag test">{words.test}</span> : null}
      </td>
      <td className="soft">{words.kinds[kind]}</td>
      <td>{is_enabled ? words.enabled : words.disabled}</td>
      <td>{activity?.last_event_at ? <When at={activity.last_event_at} /> : activity ? words.never : null}</td>
      <td>{activity ? <Sparkline values={events} label={words.eventsOfDays(name, events.join(", "))} /> : null}</td>
      <td className="number">
        {activity ? (
          <Link to="/events" search={{ connection_id: id }}>
            <Amount value={events.reduce((sum, one) => sum + one, 0)} />
          </Link>
        ) : null}
      </td>
      <td className="number">
        {activity?.refusals ? (
          <Link to="/events" search={{ connection_id: id, tab: "refused" }}>
            <Amount value={activity.refusals} />
          </Link>
        ) : (
          activity?.refusals
        )}
      </td>
      <td className="number">
        {activity?.doubtful_dates ? (
          <Link to="/events" search={{ connection_id: id, date_flag: "any" }}>
            <Amount value={activity.doubtful_dates} />
          </Link>
        ) : (
          activity?.doubtful_dates
        )}
      </td>
    </tr>
  );
}
