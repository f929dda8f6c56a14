/** Refusals, grouped by door and reason with their counts; each group opens to where the fault was and what was sent. */
import { useQuery } from "@tanstack/react-query";
import type { Connection } from "../../api/queries/connections";
import { type Rejection, rejectionsQuery } from "../../api/queries/events";
import { Lesson } from "../../parts/lesson";
import { Skeleton } from "../../parts/skeleton";
import { Trouble } from "../../parts/trouble";
import { When } from "../../parts/when";
import { events as words } from "../../words/en/events";

const MOST_SHOWN = 20;

export function Refused({
  connectionId,
  connections,
}: {
  connectionId: string | undefined;
  connections: Connection[];
}) {
  const found = useQuery(rejectionsQuery({ connection_id: connectionId }));
  const names = new Map(connections.map(({ id, name }) => [id, name]));
  if (found.isPending) return <Skeleton />;
  if (found.error) return <Trouble error={found.error} again={() => void found.refetch()} />;
  if (!found.data.length) return <Lesson title={words.refusedEmpty} says={words.refusedEmptySays} />;
  return (
    <div className="stack">
      <p className="soft" style={{ margin: 0 }}>
        {words.refusedSays}
      </p>
      {grouped(found.data).map(([key, group]) => (
        <Group key={key} group={group} names={names} />
      ))}
    </div>
  );
}

/** By connection, door, status and reason, the group with the latest refusal first. */
function grouped(rejections: Rejection[]): [string, Rejection[]][] {
  const groups = new Map<string, Rejection[]>();
  for (const one of rejections) {
    const key = [one.connection_id, one.door, one.status, one.path, one.reason].join(" ");
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups];
}

function Group({ group, names }: { group: Rejection[]; names: Map<string, string> }) {
  const [first] = group;
  if (!first) return null;
  return (
    <details className="panel">
      <summary style={{ cursor: "pointer" }}>
        <strong>{first.reason}</strong>{" "}
        <span className="soft">
          · {words.refusedCount(group.length)} · {names.get(first.connection_id) ?? words.unknownConnection} ·{" "}
          {first.door} · {first.status} · <When at={first.received_at} />
        </span>
      </summary>
      <div className="stack" style={{ marginTop: 12 }}>
        {group.slice(0, MOST_SHOWN).map((one) => (
          <div key={one.id}>
            <ul style={{ margin: "0 0 4px", paddingLeft: 18 }}>
              {one.faults.map((fault) => (
                <li key={fault.path + fault.reason}>
                  {fault.path ? <code>{fault.path}</code> : null} {fault.reason}
                </li>
              ))}
            </ul>
            <pre className="snippet" tabIndex={0} aria-label={words.excerpt}>
              {one.excerpt}
            </pre>
          </div>
        ))}
      </div>
    </details>
  );
}
