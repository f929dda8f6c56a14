/** One connection: its keys and how to send with them, what comes in, its settings. */
import { Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Credentials, connectionQuery } from "../../api/queries/connections";
import { Page } from "../../parts/page";
import { Skeleton } from "../../parts/skeleton";
import { Trouble } from "../../parts/trouble";
import { When } from "../../parts/when";
import { connections as words, isTest } from "../../words/en/connections";
import { Incoming } from "./incoming";
import { Keys } from "./keys";
import { TABS } from "./search";
import { Settings } from "./settings";
import { Snippets } from "./snippets";
import { TestEventForm } from "./test-event-form";

const route = getRouteApi("/connections/$id");

export function ConnectionPage() {
  const { id } = route.useParams();
  return <One key={id} id={id} />;
}

function One({ id }: { id: string }) {
  const { tab = "send" } = route.useSearch();
  const navigate = route.useNavigate();
  const found = useQuery(connectionQuery(id));
  const [keys, setKeys] = useState<Credentials>();
  const crumb = <Link to="/connections">{words.title}</Link>;
  if (!found.data)
    return (
      <Page title={words.title} crumb={crumb}>
        {found.error ? <Trouble error={found.error} again={() => void found.refetch()} /> : <Skeleton />}
      </Page>
    );
  const connection = found.data.value;
  const sends = connection.kind !== "machine-to-machine";
  return (
    <Page
      title={connection.name}
      crumb={crumb}
      says={
        <>
          {words.kinds[connection.kind]} · {connection.is_enabled ? words.enabled : words.disabled} · {words.created}{" "}
          <When at={connection.created_at} />{" "}
          {isTest(connection.name) ? <span className="tag test">{words.test}</span> : null}
        </>
      }
    >
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(next) => void navigate({ search: { tab: TABS.find((one) => one === next) } })}
      >
        <Tabs.List mb={16}>
          <Tabs.Tab value="send">{words.tabs.send}</Tabs.Tab>
          {sends ? <Tabs.Tab value="incoming">{words.tabs.incoming}</Tabs.Tab> : null}
          <Tabs.Tab value="settings">{words.tabs.settings}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="send">
          <Keys connection={connection} keys={keys} onKeys={setKeys} />
          <Snippets connection={connection} keys={keys} />
          {sends ? <TestEventForm connection={connection} /> : null}
        </Tabs.Panel>
        <Tabs.Panel value="incoming">
          <Incoming connection={connection} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <Settings connection={connection} tag={found.data.tag} onKeys={setKeys} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
