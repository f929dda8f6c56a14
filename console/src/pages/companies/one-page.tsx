/** One company: its plan with what is missing and by when, its timeline with causes, its keys and attributes. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type Company, planQuery, timelineQuery, type TimelineEntry } from "../../api/queries/companies";
import { Page } from "../../parts/page";
import { Skeleton } from "../../parts/skeleton";
import { StateMark } from "../../parts/state-mark";
import { Trouble } from "../../parts/trouble";
import { When } from "../../parts/when";
import { companies as words } from "../../words/en/companies";
import "./companies.css";
import { PlanView } from "./plan";

const route = getRouteApi("/companies/$id");

export function CompanyPage() {
  const { id } = route.useParams();
  const plan = useQuery(planQuery(id));
  const crumb = <Link to="/companies">{words.title}</Link>;
  if (!plan.data)
    return (
      <Page title={words.facts} crumb={crumb}>
        {plan.error ? <Trouble error={plan.error} again={() => void plan.refetch()} /> : <Skeleton />}
      </Page>
    );
  return (
    <Page title={plan.data.company.name} crumb={crumb}>
      <div className="company-page">
        <PlanView plan={plan.data} />
        <div className="stack">
          <Facts company={plan.data.company} />
          <Timeline id={id} />
        </div>
      </div>
    </Page>
  );
}

function Facts({ company }: { company: Company }) {
  const attributes = Object.entries(company.attributes);
  return (
    <section className="panel" aria-label={words.facts}>
      <dl className="facts">
        <dt>{words.keys}</dt>
        <dd>
          {company.keys.map((key) => (
            <div key={`${key.key_space} ${key.value}`}>
              <span className="soft">{key.key_space}</span> <code>{key.value}</code>
            </div>
          ))}
        </dd>
        {attributes.map(([name, value]) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <dt>{words.columns.since}</dt>
        <dd>
          <When at={company.created_at} /> {company.is_auto_created ? words.auto : null}
        </dd>
      </dl>
    </section>
  );
}

function Timeline({ id }: { id: string }) {
  const found = useQuery(timelineQuery(id));
  return (
    <section className="panel" aria-label={words.timeline}>
      <h2>{words.timeline}</h2>
      {found.isPending ? <Skeleton rows={4} /> : null}
      {found.error ? <Trouble error={found.error} again={() => void found.refetch()} /> : null}
      {found.data?.length === 0 ? <div className="soft">{words.timelineEmpty}</div> : null}
      <div className="stack">
        {found.data?.map((entry) => (
          <Entry key={entry.id} entry={entry} />
        ))}
      </div>
    </section>
  );
}

function Entry({ entry }: { entry: TimelineEntry }) {
  return (
    <div style={{ fontSize: 13 }}>
      <div className="row" style={{ justifyContent: "space-between", flexWrap: "nowrap", alignItems: "start" }}>
        <strong>{entry.name}</strong>
        <span className="soft">
          <When at={entry.at} />
        </span>
      </div>
      {entry.to_state ? <StateMark state={entry.to_state} /> : null}
      <div className="soft">{entry.reason}</div>
      {entry.cause ? <div className="soft">{entry.cause}</div> : null}
    </div>
  );
}
