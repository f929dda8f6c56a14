/** Show Keys, or Show Tracking Script: fetched only when asked for, since that is written into the audit log. */
import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type Connection, type Credentials, showKeys } from "../../api/queries/connections";
import { useMay } from "../../api/queries/session";
import { Copy } from "../../parts/copy";
import { Trouble } from "../../parts/trouble";
import { connections as words } from "../../words/en/connections";

interface Props {
  connection: Connection;
  keys: Credentials | undefined;
  onKeys: (keys: Credentials | undefined) => void;
}

const NAMES = ["clientId", "clientSecret", "analyticsKey", "writeKey", "trackingScript"] as const;

export function Keys({ connection, keys, onKeys }: Props) {
  const mayShow = useMay("admin");
  const showing = useMutation({ mutationFn: () => showKeys(connection.id, connection.kind), onSuccess: onKeys });
  if (!mayShow) return <p className="soft">{words.onlyAdminsKeys}</p>;
  const act = connection.kind === "tracking-script" ? words.showScript : words.showKeys;
  return (
    <div className="stack" style={{ maxWidth: 860 }}>
      <div className="row">
        {keys ? (
          <Button variant="default" onClick={() => onKeys(undefined)}>
            {words.hide}
          </Button>
        ) : (
          <Button loading={showing.isPending} onClick={() => showing.mutate()}>
            {act}
          </Button>
        )}
        <span className="soft" style={{ fontSize: 12 }}>
          {words.shownIsAudited}
        </span>
      </div>
      {showing.error ? <Trouble error={showing.error} /> : null}
      {keys ? NAMES.map((name) => <Key key={name} name={words.keyNames[name]} value={keys[name]} />) : null}
    </div>
  );
}

function Key({ name, value }: { name: string; value: string | null | undefined }) {
  if (!value) return null;
  return (
    <div>
      <div className="row" style={{ justifyContent: "space-between", marginBottom: 4 }}>
        <strong style={{ fontSize: 13 }}>{name}</strong>
        <Copy text={value} what={name} />
      </div>
      <pre className="snippet" tabIndex={0} aria-label={name}>
        {value.trimEnd()}
      </pre>
    </div>
  );
}
