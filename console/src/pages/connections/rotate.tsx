/** New keys for a connection: the consequence first, then the act, then the keys. */
import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type Connection, type Credentials, rotateKeys } from "../../api/queries/connections";
import { Trouble } from "../../parts/trouble";
import { connections as words } from "../../words/en/connections";
import { Keys } from "./keys";

const A_DAY_SECONDS = 86_400;

export function Rotate({ connection, onKeys }: { connection: Connection; onKeys: (keys: Credentials) => void }) {
  const hasSecret = connection.kind === "event-handler" || connection.kind === "machine-to-machine";
  const rotating = useMutation({
    mutationFn: () => rotateKeys(connection.id, hasSecret ? A_DAY_SECONDS : 0),
    onSuccess: onKeys,
  });
  return (
    <section className="section" aria-label={words.rotate}>
      <h2>{words.rotate}</h2>
      <p className="soft" style={{ marginTop: 0 }}>
        {hasSecret ? words.rotateSays : words.rotatePublicSays}
      </p>
      <div className="stack">
        <div>
          <Button variant="default" loading={rotating.isPending} onClick={() => rotating.mutate()}>
            {words.rotateAct}
          </Button>
        </div>
        {rotating.error ? <Trouble error={rotating.error} /> : null}
        {rotating.data ? (
          <>
            <p role="status" style={{ margin: 0 }}>
              {words.rotated}
            </p>
            <Keys connection={connection} keys={rotating.data} onKeys={() => rotating.reset()} />
          </>
        ) : null}
      </div>
    </section>
  );
}
