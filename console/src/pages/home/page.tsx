/** Where the account stands: the checklist until it is done, then how the companies fare. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Schema } from "../../api/client";
import { overviewQuery } from "../../api/queries/overview";
import type { State } from "../../api/queries/portfolio";
import { useFrame } from "../../api/queries/session";
import { Amount } from "../../parts/amount";
import { Page } from "../../parts/page";
import { Skeleton } from "../../parts/skeleton";
import { StateMark } from "../../parts/state-mark";
import { Trouble } from "../../parts/trouble";
import { home as words, inOrder } from "../../words/en/home";

type Overview = Schema["Overview"];

export function HomePage() {
  const found = useQuery(overviewQuery);
  return (
    <Page title={useFrame().account_name} says={words.says}>
      {found.isPending ? <Skeleton /> : null}
      {found.error ? <Trouble error={found.error} again={() => void found.refetch()} /> : null}
      {found.data ? <Standing overview={found.data} /> : null}
    </Page>
  );
}

function Standing({ overview }: { overview: Overview }) {
  const { counts, events } = overview;
  const steps = stepsOf(overview);
  const isWhole = steps.every(({ isDone }) => isDone);
  return (
    <>
      {isWhole ? null : <Checklist steps={steps} />}
      <div className="figures">
        <Figure name={words.companies} value={counts.companies} to="/companies" />
        <Figure name={words.eventsProcessed} value={events.processed} to="/events" search={{ fate: "processed" }} />
        <Figure name={words.repeats} value={events.duplicate} to="/events" search={{ fate: "duplicate" }} />
        <Figure name={words.setAside} value={events.parked} to="/events" search={{ fate: "parked" }} />
        <Figure name={words.connections} value={counts.connections} to="/connections" />
        <Figure name={words.signals} value={counts.signals} />
        <Figure name={words.metrics} value={counts.metrics} />
      </div>
      <div className="columns section">
        <Shares title={words.outcomesNow} nouns="outcomes" shares={overview.outcomes} />
        <Shares title={words.milestonesNow} nouns="milestones" shares={overview.milestones} />
      </div>
    </>
  );
}

interface Step {
  name: string;
  says: string;
  isDone: boolean;
  to?: "/connections" | "/connections/new" | "/events";
}

function stepsOf({ counts, events, milestones, outcomes }: Overview): Step[] {
  const { steps } = words;
  const arrived = events.processed + events.duplicate + events.parked > 0;
  const step = ([name, says]: readonly [string, string], isDone: boolean, to?: Step["to"]): Step => ({
    name,
    says,
    isDone,
    ...(to ? { to } : {}),
  });
  return [
    step(steps.connect, counts.connections > 0, counts.connections > 0 ? "/connections" : "/connections/new"),
    step(steps.event, arrived, arrived ? "/events" : "/connections"),
    step(steps.signal, counts.signals > 0),
    step(steps.metric, counts.metrics > 0),
    step(steps.milestone, milestones.length > 0),
    step(steps.outcome, outcomes.length > 0),
  ];
}

function Checklist({ steps }: { steps: Step[] }) {
  return (
    <section className="panel" style={{ maxWidth: 640, marginBottom: 24 }} aria-label={words.checklist}>
      <h2>{words.checklist}</h2>
      <p className="soft" style={{ marginTop: 0 }}>
        {words.checklistSays}
      </p>
      <ol style={{ listStyle: "none", margin: 0, padding: 0 }} className="stack">
        {steps.map(({ name, says, isDone, to }) => (
          <li key={name} style={{ display: "flex", gap: 10 }}>
            <span aria-hidden="true" style={{ color: isDone ? "var(--good)" : "var(--quiet)" }}>
              {isDone ? "●" : "○"}
            </span>
            <div>
              <strong>{to ? <Link to={to}>{name}</Link> : name}</strong>{" "}
              <span className="visually-hidden">{isDone ? words.done : words.open}</span>
              <div className="soft">{says}</div>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

interface FigureProps {
  name: string;
  value: number;
  to?: "/companies" | "/events" | "/connections";
  search?: { fate: "processed" | "duplicate" | "parked" };
}

function Figure({ name, value, to, search }: FigureProps) {
  const number = <Amount value={value} />;
  return (
    <div className="figure">
      <div className="value">
        {to ? (
          <Link to={to} search={search ?? {}}>
            {number}
          </Link>
        ) : (
          number
        )}
      </div>
      <div className="soft">{name}</div>
    </div>
  );
}

interface SharesProps {
  title: string;
  nouns: "milestones" | "outcomes";
  shares: Schema["Shares"][];
}

function Shares({ title, nouns, shares }: SharesProps) {
  if (!shares.length) return null;
  return (
    <section className="panel" aria-label={title}>
      <h2>{title}</h2>
      <div className="stack">
        {shares.map(({ id, name, states }) => (
          <div key={id}>
            <strong style={{ fontSize: 13 }}>{name}</strong>
            <div className="row" style={{ gap: 14 }}>
              {inOrder(states).map(([state, count]) => (
                <Link
                  key={state}
                  to="/portfolio"
                  search={{ nouns, id, state: state as State }}
                  className="row"
                  style={{ gap: 5, color: "var(--ink)", textDecoration: "none" }}
                >
                  <StateMark state={state} /> <Amount value={count} />
                </Link>
              ))}
              {Object.keys(states).length ? null : <span className="soft">{words.nothingAssigned}</span>}
            </div>
          </div>
        ))}
      </div>
    </section>
  );
}
