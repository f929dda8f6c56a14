/** ⌘K: pages, acts, companies by name or key, connections, and events or requests by their ids. */
import { Modal, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { companyHitsQuery } from "../api/queries/companies";
import { connectionsQuery } from "../api/queries/connections";
import { useMay } from "../api/queries/session";
import { frame } from "../words/en/frame";
import { PLACES } from "./navigation";

interface Hit {
  group: string;
  name: string;
  href: string;
}

const EVENT_ID = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.\d+$/i;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function useHits(text: string): Hit[] {
  const isAdmin = useMay("admin");
  const [late] = useDebouncedValue(text.trim(), 120);
  const companies = useQuery({ ...companyHitsQuery(late), enabled: late.length > 0 }).data ?? [];
  const connections = useQuery(connectionsQuery).data ?? [];
  const wanted = text.trim().toLowerCase();
  const has = (name: string): boolean => name.toLowerCase().includes(wanted);
  const hits: Hit[] = [];
  if (EVENT_ID.test(wanted))
    hits.push({ group: frame.groups.ids, name: `${frame.openEvent} ${wanted}`, href: `/events?event=${wanted}` });
  if (UUID.test(wanted))
    hits.push({ group: frame.groups.ids, name: `${frame.openRequest} ${wanted}`, href: `/events?event=${wanted}.0` });
  for (const { to, name } of PLACES) if (has(name)) hits.push({ group: frame.groups.pages, name, href: to });
  if (isAdmin && has(frame.addConnection))
    hits.push({ group: frame.groups.acts, name: frame.addConnection, href: "/connections/new" });
  if (!wanted) return hits;
  for (const { id, name } of companies) hits.push({ group: frame.groups.companies, name, href: `/companies/${id}` });
  for (const { id, name } of connections.filter((one) => has(one.name)).slice(0, 8))
    hits.push({ group: frame.groups.connections, name, href: `/connections/${id}` });
  return hits;
}

export function Palette({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Modal.Root
      opened={isOpen}
      onClose={onClose}
      transitionProps={{ duration: 0 }}
      lockScroll={false}
      centered={false}
      yOffset="12vh"
      size={560}
      padding={0}
    >
      <Modal.Overlay />
      <Modal.Content aria-label={frame.paletteLabel}>
        <Finder onClose={onClose} />
      </Modal.Content>
    </Modal.Root>
  );
}

function Finder({ onClose }: { onClose: () => void }) {
  const router = useRouter();
  const [text, setText] = useState("");
  const [place, setPlace] = useState(0);
  const hits = useHits(text);
  const list = useRef<HTMLDivElement>(null);
  const current = Math.min(place, hits.length - 1);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [current]);
  const go = (hit: Hit | undefined): void => {
    if (!hit) return;
    onClose();
    router.history.push(hit.href);
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setPlace((current + step + hits.length) % Math.max(1, hits.length));
    } else if (event.key === "Enter") go(hits[current]);
  };
  return (
    <>
      <TextInput
        aria-label={frame.paletteLabel}
        placeholder={frame.paletteHint}
        size="md"
        variant="unstyled"
        px={16}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setPlace(0);
        }}
        onKeyDown={onKey}
        role="combobox"
        aria-expanded
        aria-controls="palette-hits"
        aria-activedescendant={hits.length ? `hit-${current}` : undefined}
        data-autofocus
        autoComplete="off"
      />
      <div
        ref={list}
        id="palette-hits"
        role="listbox"
        aria-label={frame.paletteLabel}
        style={{ maxHeight: 380, overflowY: "auto", borderTop: "1px solid var(--line)", padding: 6 }}
      >
        {hits.map((hit, at) => (
          <div
            key={hit.href + hit.name}
            id={`hit-${at}`}
            role="option"
            tabIndex={-1}
            aria-selected={at === current}
            onClick={() => go(hit)}
            onKeyDown={onKey}
            onMouseMove={() => setPlace(at)}
            style={{
              display: "flex",
              padding: "7px 10px",
              borderRadius: 6,
              cursor: "pointer",
              background: at === current ? "var(--accent-wash)" : undefined,
            }}
          >
            <span style={{ flex: 1, overflowWrap: "anywhere" }}>{hit.name}</span>
            <span className="soft" style={{ fontSize: 12 }}>
              {hit.group}
            </span>
          </div>
        ))}
        {hits.length ? null : <div style={{ padding: 10 }}>{frame.paletteEmpty}</div>}
      </div>
    </>
  );
}
