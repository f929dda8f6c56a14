/** The event log: filters in the address, counts over time, the list, one event beside it; refusals in a tab. */
import { Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { connectionsQuery } from "../../api/queries/connections";
import { eventBarsQuery } from "../../api/queries/events";
import { Page } from "../../parts/page";
import { Trouble } from "../../parts/trouble";
import { useZone } from "../../parts/zone";
import { events as words } from "../../words/en/events";
import { Bars } from "./bars";
import { Beside } from "./beside";
import "./events.css";
import { Filters } from "./filters";
import { Log } from "./log";
import { Refused } from "./refused";
import { type EventsSearch, filterOf } from "./search";

const route = getRouteApi("/events");

export function EventsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const filter = useMemo(() => filterOf(search), [search]);
  const connections = useQuery(connectionsQuery).data ?? [];
  const change = (part: Partial<EventsSearch>): void =>
    void navigate({ search: (before) => ({ ...before, ...part }) as EventsSearch });
  return (
    <Page title={words.title} says={words.says(useZone())}>
      <Tabs
        value={search.tab ?? "log"}
        onChange={(tab) => change({ tab: tab === "refused" ? "refused" : undefined, event: undefined } as EventsSearch)}
        keepMounted={false}
      >
        <Tabs.List mb={12}>
          <Tabs.Tab value="log">{words.tabs.log}</Tabs.Tab>
          <Tabs.Tab value="refused">{words.tabs.refused}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="log">
          <Filters search={search} connections={connections} onChange={change} />
          <Counts search={search} onChange={change} />
          <div className="beside" data-open={search.event !== undefined}>
            <Log
              key={JSON.stringify(filter)}
              filter={filter}
              connections={connections}
              chosen={search.event}
              isLive={search.live !== "off"}
              onLive={(isLive) => change({ live: isLive ? undefined : "off" } as EventsSearch)}
            />
            {search.event ? (
              <Beside
                key={search.event}
                id={search.event}
                onClose={() => change({ event: undefined } as unknown as EventsSearch)}
                onText={(text) => change({ text })}
              />
            ) : null}
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="refused">
          <Refused connectionId={search.connection_id} connections={connections} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function Counts({ search, onChange }: { search: EventsSearch; onChange: (part: Partial<EventsSearch>) => void }) {
  const bars = useQuery({ ...eventBarsQuery(filterOf(search)), placeholderData: (before) => before });
  if (bars.error) return <Trouble error={bars.error} again={() => void bars.refetch()} />;
  return <Bars bars={bars.data} onSpan={(since, until) => onChange({ since, until })} />;
}
