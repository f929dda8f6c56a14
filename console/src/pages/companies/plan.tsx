/** A company's plan: outcomes with their milestones, each with its state in words, and manual actions to tick. */
import { Checkbox, Progress } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Plan, type PlanMilestone, planQuery, tick, timelineQuery } from "../../api/queries/companies";
import { useMay } from "../../api/queries/session";
import { Lesson } from "../../parts/lesson";
import { StateMark } from "../../parts/state-mark";
import { Trouble } from "../../parts/trouble";
import { When } from "../../parts/when";
import { exactNumber } from "../../words/amounts";
import { companies as words } from "../../words/en/companies";

const percent = (share: number): string => `${Math.round(100 * share)} %`;

export function PlanView({ plan }: { plan: Plan }) {
  if (!plan.outcomes.length && !plan.milestones.length) return <Lesson title={words.plan} says={words.planEmpty} />;
  return (
    <section className="stack" aria-label={words.plan}>
      {plan.behind ? <p className="soft">{words.behind}</p> : null}
      {plan.outcomes.map((outcome) => (
        <article key={outcome.id} className="panel">
          <div className="row" style={{ justifyContent: "space-between" }}>
            <h2 style={{ fontSize: 15, margin: 0 }}>{outcome.name}</h2>
            <StateMark state={outcome.state} />
          </div>
          {outcome.description ? <p className="soft">{outcome.description}</p> : null}
          <div className="row" style={{ margin: "8px 0", flexWrap: "nowrap" }}>
            <Progress
              value={100 * outcome.progress}
              style={{ flex: 1 }}
              aria-label={words.progress(percent(outcome.progress))}
            />
            <span>{percent(outcome.progress)}</span>
          </div>
          <Sentences of={outcome.explanation} />
          {outcome.parts.map(({ milestone, weight }, place) => (
            <MilestonePart
              key={milestone?.id ?? place}
              milestone={milestone}
              weight={weight}
              companyId={plan.company.id}
            />
          ))}
        </article>
      ))}
      {plan.milestones.length ? (
        <article className="panel">
          <h2>{words.others}</h2>
          {plan.milestones.map((one) => (
            <MilestonePart key={one.id} milestone={one} companyId={plan.company.id} />
          ))}
        </article>
      ) : null}
    </section>
  );
}

function Sentences({ of }: { of: string[] | null | undefined }) {
  return of?.length ? (
    <ul style={{ margin: "0 0 8px", paddingLeft: 18 }} className="soft">
      {of.map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  ) : null;
}

interface PartProps {
  milestone: PlanMilestone | null;
  weight?: number;
  companyId: string;
}

function MilestonePart({ milestone, weight, companyId }: PartProps) {
  if (!milestone) return <div className="plan-part soft">{words.copyMissing}</div>;
  const { definition, state, due_at, explanation } = milestone;
  return (
    <div className="plan-part">
      <div className="head">
        <strong>
          {definition.name}{" "}
          {weight === undefined ? null : <span className="soft">{words.weight(exactNumber(weight))}</span>}
        </strong>
        <span className="row">
          <StateMark state={state} />
          <span className="soft">
            {due_at ? (
              <>
                {words.due} <When at={due_at} />
              </>
            ) : (
              words.noDeadline
            )}
          </span>
        </span>
      </div>
      <Sentences of={explanation} />
      <Ticks milestone={milestone} companyId={companyId} />
    </div>
  );
}

function Ticks({ milestone, companyId }: { milestone: PlanMilestone; companyId: string }) {
  const mayTick = useMay("editor");
  const queries = useQueryClient();
  const ticking = useMutation({
    mutationFn: ({ action, isDone }: { action: number; isDone: boolean }) => tick(milestone.id, action, isDone),
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: planQuery(companyId).queryKey }),
        queries.invalidateQueries({ queryKey: timelineQuery(companyId).queryKey }),
      ]),
  });
  const ticks = milestone.ticks ?? {};
  // the box shows what was asked for until the answer is there, and then what is
  const isTicked = (place: number): boolean =>
    ticking.isPending && ticking.variables.action === place
      ? ticking.variables.isDone
      : ticks[String(place)] !== undefined;
  return (
    <>
      {milestone.definition.actions.map((action, place) =>
        action.kind === "manual" ? (
          <Checkbox
            key={place}
            mt={6}
            label={action.name}
            checked={isTicked(place)}
            disabled={!mayTick || ticking.isPending}
            onChange={(event) => ticking.mutate({ action: place, isDone: event.currentTarget.checked })}
          />
        ) : null,
      )}
      {ticking.error ? <Trouble error={ticking.error} /> : null}
    </>
  );
}
