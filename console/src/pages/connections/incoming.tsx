/** What comes in by a connection: its event keys with counts, what was refused, whose dates are doubtful. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { activityQuery, type Connection, doubtfulDatesQuery, eventKeysQuery } from "../../api/queries/connections";
import { Amount } from "../../parts/amount";
import { Skeleton } from "../../parts/skeleton";
import { Trouble } from "../../parts/trouble";
import { When } from "../../parts/when";
import { connections as words } from "../../words/en/connections";

export function Incoming({ connection }: { connection: Connection }) {
  const { id } = connection;
  const keys = useQuery(eventKeysQuery(id));
  const dates = useQuery(doubtfulDatesQuery(id));
  const activity = useQuery(activityQuery).data?.items.find((one) => one.connection_id === id);
  const { eventKeyColumns: columns } = words;
  return (
    <>
      <section aria-label={words.eventKeys}>
        {keys.isPending ? <Skeleton rows={3} /> : null}
        {keys.error ? <Trouble error={keys.error} again={() => void keys.refetch()} /> : null}
        {keys.data?.length === 0 ? <p className="soft">{words.eventKeysEmpty}</p> : null}
        {keys.data?.length ? (
          <div className="table-scroll" tabIndex={0} role="group" aria-label={words.eventKeys}>
            <table className="list">
              <thead>
                <tr>
                  <th scope="col">{columns.key}</th>
                  <th scope="col" className="number">
                    {columns.events}
                  </th>
                  <th scope="col" className="number">
                    {columns.repeats}
                  </th>
                  <th scope="col">{columns.first}</th>
                  <th scope="col">{columns.last}</th>
                </tr>
              </thead>
              <tbody>
                {keys.data.map((one) => (
                  <tr key={one.event_key}>
                    <td>
                      <Link to="/events" search={{ connection_id: id, event_key: one.event_key }} className="name">
                        {one.event_key}
                      </Link>
                    </td>
                    <td className="number">
                      <Amount value={one.events} />
                    </td>
                    <td className="number">
                      <Amount value={one.repeats} />
                    </td>
                    <td>
                      <When at={one.first_seen_at} />
                    </td>
                    <td>
                      <When at={one.last_seen_at} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        ) : null}
      </section>
      {activity?.refusals ? (
        <section className="section" aria-label={words.refusals}>
          <h2>{words.refusals}</h2>
          <p style={{ margin: 0 }}>
            {words.refusalsSeen(activity.refusals)} {words.refusalsSays}{" "}
            <Link to="/events" search={{ connection_id: id, tab: "refused" }}>
              {words.seeRefusals}
            </Link>
          </p>
        </section>
      ) : null}
      {dates.error ? <Trouble error={dates.error} /> : null}
      {dates.data?.length ? (
        <section className="section" aria-label={words.dates}>
          <h2>{words.dates}</h2>
          <p className="soft" style={{ marginTop: 0 }}>
            {words.datesSays}
          </p>
          <ul>
            {dates.data.map((one) => (
              <li key={one.flag}>
                <Amount value={one.events} /> · {one.reason} · <When at={one.last_received_at} />{" "}
                <Link to="/events" search={{ connection_id: id, date_flag: one.flag }}>
                  {words.seeDates}
                </Link>
              </li>
            ))}
          </ul>
        </section>
      ) : null}
    </>
  );
}
