/** What narrows the log; each choice goes into the address. */
import { Button, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { type Connection, eventKeysQuery } from "../../api/queries/connections";
import { events as words } from "../../words/en/events";
import { type EventsSearch, filterOf } from "./search";

interface Props {
  search: EventsSearch;
  connections: Connection[];
  onChange: (part: Partial<EventsSearch>) => void;
}

const SPANS = { hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000 } as const;
const TYPED_MS = 300;

const spanOf = ({ since, until }: EventsSearch): string => {
  if (!since && !until) return "all";
  if (!since || until) return "own";
  const ago = Date.now() - Date.parse(since);
  const [name] = Object.entries(SPANS).find(([, ms]) => Math.abs(ago - ms) < 600_000) ?? ["own"];
  return name;
};

export function Filters({ search, connections, onChange }: Props) {
  const [text, setText] = useState(search.text ?? "");
  useEffect(() => setText(search.text ?? ""), [search.text]);
  const typed = useDebouncedCallback((next: string) => onChange({ text: next || undefined } as EventsSearch), TYPED_MS);
  const keys = useQuery({
    ...eventKeysQuery(search.connection_id ?? ""),
    enabled: search.connection_id !== undefined,
  }).data;
  const names = new Set([...(keys ?? []).map((one) => one.event_key), ...(search.event_key ? [search.event_key] : [])]);
  const span = spanOf(search);
  return (
    <div className="filters" role="search">
      <TextInput
        className="wide"
        label={words.search}
        value={text}
        data-page-search
        onChange={(event) => {
          setText(event.currentTarget.value);
          typed(event.currentTarget.value);
        }}
      />
      <Select
        label={words.connection}
        placeholder={words.anyConnection}
        data={connections.map(({ id, name }) => ({ value: id, label: name }))}
        value={search.connection_id ?? null}
        clearable
        searchable
        onChange={(id) => onChange({ connection_id: id ?? undefined, event_key: undefined } as EventsSearch)}
      />
      {names.size ? (
        <Select
          label={words.key}
          placeholder={words.anyKey}
          data={[...names]}
          value={search.event_key ?? null}
          clearable
          searchable
          onChange={(key) => onChange({ event_key: key ?? undefined } as EventsSearch)}
        />
      ) : null}
      <Select
        label={words.fate}
        placeholder={words.anyFate}
        data={Object.entries(words.fates)
          .filter(([value]) => value !== "rejected")
          .map(([value, label]) => ({ value, label }))}
        value={search.fate ?? null}
        clearable
        onChange={(fate) => onChange({ fate: (fate ?? undefined) as EventsSearch["fate"] } as EventsSearch)}
      />
      <Select
        label={words.time}
        data={Object.entries(words.times)
          .filter(([value]) => value !== "own" || span === "own")
          .map(([value, label]) => ({ value, label }))}
        value={span}
        allowDeselect={false}
        onChange={(name) => {
          const ms = SPANS[name as keyof typeof SPANS];
          if (name !== "own")
            onChange({
              since: ms ? new Date(Date.now() - ms).toISOString() : undefined,
              until: undefined,
            } as EventsSearch);
        }}
      />
      {search.date_flag ? (
        <Select
          label={words.dates}
          data={Object.entries(words.dateFlags).map(([value, label]) => ({ value, label }))}
          value={search.date_flag}
          clearable
          onChange={(flag) => onChange({ date_flag: (flag ?? undefined) as EventsSearch["date_flag"] } as EventsSearch)}
        />
      ) : null}
      {Object.keys(filterOf(search)).length ? (
        <Button
          variant="subtle"
          onClick={() => {
            const nothing = Object.fromEntries(Object.keys(filterOf(search)).map((name) => [name, undefined]));
            onChange(nothing);
          }}
        >
          {words.clear}
        </Button>
      ) : null}
    </div>
  );
}
