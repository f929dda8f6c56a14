/** Add Connection: a name, a type, Save. What was typed survives a reload. */
import { Button, Radio, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { addConnection, type ConnectionKind } from "../../api/queries/connections";
import { useFrame, useMay } from "../../api/queries/session";
import { useDraft } from "../../parts/draft";
import { byField, faultsOf, isElsewhere } from "../../parts/faults";
import { Page } from "../../parts/page";
import { Trouble } from "../../parts/trouble";
import { connections as words } from "../../words/en/connections";

const EMPTY: { name: string; kind: ConnectionKind } = { name: "", kind: "event-handler" };
const FIELDS = ["name", "kind"] as const;

export function NewConnectionPage() {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const mayAdd = useMay("admin");
  const [draft, setDraft, forget] = useDraft(`${useFrame().name} new connection`, EMPTY);
  const adding = useMutation({
    mutationFn: () => addConnection(draft.name, draft.kind),
    onSuccess: async (made) => {
      forget();
      await queries.invalidateQueries({ queryKey: ["connections"] });
      await navigate({ to: "/connections/$id", params: { id: made.id } });
    },
  });
  const faults = byField(faultsOf(adding.error), FIELDS);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!adding.isPending) adding.mutate();
  };
  const crumb = <Link to="/connections">{words.title}</Link>;
  if (!mayAdd)
    return (
      <Page title={words.newTitle} crumb={crumb}>
        {words.onlyAdmins}
      </Page>
    );
  return (
    <Page title={words.newTitle} says={words.newSays} crumb={crumb}>
      <form onSubmit={submit} className="stack" style={{ maxWidth: 560, gap: 20 }}>
        <TextInput
          label={words.name}
          placeholder={words.namePlaceholder}
          value={draft.name}
          error={faults["name"]}
          onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
          autoFocus
          maxLength={120}
        />
        <Radio.Group
          label={words.type}
          value={draft.kind}
          error={faults["kind"]}
          onChange={(kind) => setDraft({ ...draft, kind: kind as ConnectionKind })}
        >
          <div className="stack" style={{ marginTop: 8 }}>
            {words.choices.map(({ kind, name, says }) => (
              <Radio key={kind} value={kind} label={name} description={says} />
            ))}
          </div>
        </Radio.Group>
        {adding.error && isElsewhere(faults) ? <Trouble error={adding.error} /> : null}
        <div className="row">
          <Button type="submit" loading={adding.isPending}>
            {words.save}
          </Button>
        </div>
      </form>
    </Page>
  );
}
