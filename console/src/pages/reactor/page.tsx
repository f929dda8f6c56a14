/** The Reactor: from events to numbers, with the Connections icon in the upper right corner, as the guide has it. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { overviewQuery } from "../../api/queries/overview";
import { Amount } from "../../parts/amount";
import { Icon } from "../../parts/icon";
import { Page } from "../../parts/page";
import { Skeleton } from "../../parts/skeleton";
import { Trouble } from "../../parts/trouble";
import { reactor as words } from "../../words/en/home";

export function ReactorPage() {
  const found = useQuery(overviewQuery);
  const acts = (
    <Button component={Link} to="/connections" variant="default" leftSection={<Icon name="connections" />}>
      {words.connections}
    </Button>
  );
  const { events, counts } = found.data ?? {};
  const { steps } = words;
  return (
    <Page title={words.title} says={words.says} acts={acts}>
      {found.isPending ? <Skeleton /> : null}
      {found.error ? <Trouble error={found.error} again={() => void found.refetch()} /> : null}
      {events && counts ? (
        <div className="columns">
          <Step words={steps.events} value={events.processed + events.duplicate + events.parked} to="/events" />
          <Step words={steps.signals} value={counts.signals} />
          <Step words={steps.metrics} value={counts.metrics} />
        </div>
      ) : null}
    </Page>
  );
}

function Step({ words: [name, says], value, to }: { words: readonly [string, string]; value: number; to?: "/events" }) {
  return (
    <section className="panel" aria-label={name}>
      <h2>{to ? <Link to={to}>{name}</Link> : name}</h2>
      <div style={{ fontSize: 24, fontWeight: 600 }}>
        <Amount value={value} />
      </div>
      <p className="soft" style={{ margin: "4px 0 0" }}>
        {says}
      </p>
    </section>
  );
}
