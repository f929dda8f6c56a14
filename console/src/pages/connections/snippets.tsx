/** Snippets by language, with this connection's own values, once its keys are shown. */
import { Tabs } from "@mantine/core";
import type { Connection, Credentials } from "../../api/queries/connections";
import { useFrame } from "../../api/queries/session";
import { Copy } from "../../parts/copy";
import { connections as words } from "../../words/en/connections";
import { snippetsFor } from "./snippet-texts";

export function Snippets({ connection, keys }: { connection: Connection; keys: Credentials | undefined }) {
  const { api_url, ca_file } = useFrame();
  const at = { apiUrl: api_url, appUrl: window.location.origin, caFile: ca_file };
  const found = keys ? snippetsFor(connection.kind, keys, at) : [];
  return (
    <section className="section" style={{ maxWidth: 860 }} aria-label={words.snippets}>
      <h2>{words.snippets}</h2>
      <p className="soft" style={{ marginTop: 0 }}>
        {keys ? words.snippetsSays : words.snippetsHidden}
      </p>
      {found[0] ? (
        <Tabs defaultValue={found[0].name} variant="outline" keepMounted={false}>
          <Tabs.List mb={8}>
            {found.map(({ name }) => (
              <Tabs.Tab key={name} value={name}>
                {name}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {found.map(({ name, text }) => (
            <Tabs.Panel key={name} value={name}>
              <div style={{ display: "flex", justifyContent: "flex-end", marginBottom: 4 }}>
                <Copy text={text} what={name} />
              </div>
              <pre className="snippet" tabIndex={0} aria-label={name} data-snippet={name}>
                {text}
              </pre>
            </Tabs.Panel>
          ))}
        </Tabs>
      ) : null}
    </section>
  );
}
