/** An event's way from top to bottom: received, claimed or a repeat, and signal by signal what came of it or why not. */
import { Link } from "@tanstack/react-router";
import type { EventTrace } from "../../api/queries/events";
import { FateMark } from "../../parts/fate-mark";
import { When } from "../../parts/when";
import { exactNumber } from "../../words/amounts";
import { isTest } from "../../words/en/connections";
import { events as words } from "../../words/en/events";

export function Trace({ event }: { event: EventTrace }) {
  const flags = event.date_flags.map((flag) => words.dateFlags[flag]);
  return (
    <ol className="path">
      <li>
        <h3>
          {words.received} <When at={event.received_at} />
        </h3>
        <div>
          {event.connection_name ? (
            <Link to="/connections/$id" params={{ id: event.connection_id }}>
              {event.connection_name}
            </Link>
          ) : (
            words.unknownConnection
          )}{" "}
          {event.connection_name && isTest(event.connection_name) ? (
            <span className="tag test">{words.everyTest}</span>
          ) : null}{" "}
          <span className="soft">{words.through(event.door)}</span>
        </div>
        <div className="soft">
          {words.request} <code>{event.request_id}</code>
        </div>
        <div className="soft">
          {words.dated} <When at={event.event_date} />{" "}
          {flags.length ? <span style={{ color: "var(--warn)" }}>▲ {flags.join(", ")}</span> : null}
          {event.date_correction_ms ? <div>{words.corrected(exactNumber(event.date_correction_ms))}</div> : null}
        </div>
      </li>
      <li>
        <h3>
          <FateMark fate={event.fate} />
        </h3>
        <Fate event={event} />
      </li>
      {event.fate === "processed" ? <Signals event={event} /> : null}
    </ol>
  );
}

function Fate({ event }: { event: EventTrace }) {
  if (event.fate === "parked")
    return (
      <div className="soft">
        {event.reason} {words.parkedSays}
      </div>
    );
  if (event.duplicate_of === null) return <div className="soft">{words.claimed}</div>;
  const first = event.duplicate_of;
  return (
    <div className="soft">
      {words.repeatOf}{" "}
      <Link from="/events" to="/events" search={(before) => ({ ...before, event: first })}>
        <code>{first}</code>
      </Link>
    </div>
  );
}

function Signals({ event }: { event: EventTrace }) {
  return (
    <li>
      <h3>{words.signals}</h3>
      {event.signals.length + event.passed_by.length === 0 ? <div className="soft">{words.noSignals}</div> : null}
      {event.signals.map((one) => (
        <div key={`${one.signal_id} ${one.company_id}`} style={{ marginBottom: 6 }}>
          <span style={{ color: "var(--good)" }}>● {words.emitted}</span> <strong>{one.signal_name}</strong>{" "}
          {words.forCompany}{" "}
          <Link to="/companies/$id" params={{ id: one.company_id }}>
            {one.company_name ?? one.company_id}
          </Link>{" "}
          <span className="soft">{words.revision(one.revision)}</span>
        </div>
      ))}
      {event.passed_by.map((one) => (
        <div key={one.signal_id} style={{ marginBottom: 6 }}>
          <span className="soft">○ {words.notEmitted}</span> <strong>{one.signal_name}</strong>
          <ul style={{ margin: "2px 0 0", paddingLeft: 18 }} className="soft">
            {one.against.map((against) => (
              <li key={against.path + against.words}>{against.words}</li>
            ))}
            {one.would_match ? <li>{words.wouldMatch}</li> : null}
            {one.against.length === 0 && !one.would_match ? <li>{words.noCompany}</li> : null}
          </ul>
        </div>
      ))}
    </li>
  );
}
