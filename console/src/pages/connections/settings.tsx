/** A connection's settings: only what is changed is sent, with the version that was read; two people never overwrite. */
import { Button, NumberInput, Radio, Switch, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { isProblem } from "../../api/problem";
import {
  changeConnection,
  type Connection,
  type ConnectionChange,
  connectionQuery,
  type Credentials,
  tagOf,
} from "../../api/queries/connections";
import { useFrame, useMay } from "../../api/queries/session";
import { useDraft } from "../../parts/draft";
import { byField, faultsOf, isElsewhere } from "../../parts/faults";
import { Trouble } from "../../parts/trouble";
import { TwoVersions } from "../../parts/two-versions";
import { frame } from "../../words/en/frame";
import { connections as words } from "../../words/en/connections";
import { changeOf, FIELDS, formOf, shown } from "./settings-form";
import { Rotate } from "./rotate";

interface Props {
  connection: Connection;
  tag: string | null;
  onKeys: (keys: Credentials) => void;
}

export function Settings({ connection, tag, onKeys }: Props) {
  const mayChange = useMay("admin");
  const queries = useQueryClient();
  const me = useFrame().name;
  const [read] = useState({ connection, tag });
  const [form, setForm, forget] = useDraft(`${me} connection ${connection.id}`, formOf(read.connection));
  const [isSaved, setSaved] = useState(false);
  const saving = useMutation({
    mutationFn: async ({ body, over }: { body: ConnectionChange; over: Connection | string | null }) =>
      changeConnection(connection.id, body, typeof over === "object" && over ? await tagOf(over) : over),
    onSuccess: async (after) => {
      forget();
      setSaved(true);
      queries.setQueryData(connectionQuery(connection.id).queryKey, after);
      await queries.invalidateQueries({ queryKey: ["connections", "list"] });
    },
  });
  const before = queries.getQueryData(connectionQuery(connection.id).queryKey) ?? { value: connection, tag };
  const base = saving.data ?? { value: read.connection, tag: read.tag };
  const body = changeOf(base.value, form);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setSaved(false);
    if (Object.keys(body).length) saving.mutate({ body, over: base.tag });
  };
  const change = (part: Partial<typeof form>): void => setForm({ ...form, ...part });
  const faults = byField(faultsOf(saving.error), FIELDS);
  const theirs = isProblem(saving.error, 412) ? (saving.error.body.current as Connection | undefined) : undefined;
  const isScript = connection.kind === "tracking-script";
  const sends = connection.kind !== "machine-to-machine";
  return (
    <div style={{ maxWidth: 560 }}>
      <form onSubmit={submit}>
        <fieldset disabled={!mayChange} className="stack" style={{ border: 0, margin: 0, padding: 0, gap: 18 }}>
          <TextInput
            label={words.rename}
            value={form.name}
            error={faults["name"]}
            onChange={(event) => change({ name: event.currentTarget.value })}
          />
          <Switch
            label={words.enabledSwitch}
            description={words.enabledSays}
            checked={form.is_enabled}
            onChange={(event) => change({ is_enabled: event.currentTarget.checked })}
          />
          {isScript ? (
            <Textarea
              label={words.origins}
              description={words.originsSays}
              value={form.allowed_origins}
              error={faults["allowed_origins"]}
              autosize
              minRows={2}
              onChange={(event) => change({ allowed_origins: event.currentTarget.value })}
            />
          ) : null}
          {sends ? (
            <NumberInput
              label={words.limit}
              description={words.limitSays}
              value={form.events_per_second}
              error={faults["rate_limit"]}
              min={0}
              hideControls
              onChange={(value) => change({ events_per_second: String(value) })}
            />
          ) : null}
          {sends ? (
            <Radio.Group
              label={words.datesSetting}
              value={form.doubtful_dates}
              error={faults["doubtful_dates"]}
              onChange={(value) => change({ doubtful_dates: value })}
            >
              <div className="stack" style={{ marginTop: 6, gap: 8 }}>
                <Radio value="flag" label={words.datesFlag} />
                <Radio value="refuse" label={words.datesRefuse} />
              </div>
            </Radio.Group>
          ) : null}
          {theirs ? (
            <TwoVersions
              theirs={shown(theirs)}
              yours={shown({ ...theirs, ...body } as Connection)}
              onTheirs={() => {
                forget();
                window.location.reload();
              }}
              onYours={() => saving.mutate({ body, over: theirs })}
            />
          ) : null}
          {saving.error && !theirs && isElsewhere(faults) ? <Trouble error={saving.error} /> : null}
          {mayChange ? (
            <div className="row">
              <Button type="submit" loading={saving.isPending} disabled={!Object.keys(body).length}>
                {frame.save}
              </Button>
              <span role="status" className="soft">
                {isSaved && before ? words.saved : ""}
              </span>
            </div>
          ) : null}
        </fieldset>
      </form>
      {mayChange ? <Rotate connection={connection} onKeys={onKeys} /> : null}
    </div>
  );
}
