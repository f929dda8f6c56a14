/** One event beside the list: what became of it, and its payload as it was sent. */
import { ActionIcon } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { writeExact } from "../../api/exact-json";
import { eventTraceQuery } from "../../api/queries/events";
import { Copy } from "../../parts/copy";
import { Icon } from "../../parts/icon";
import { Skeleton } from "../../parts/skeleton";
import { Trouble } from "../../parts/trouble";
import { events as words } from "../../words/en/events";
import { Payload } from "./payload";
import { Trace } from "./trace";

interface Props {
  id: string;
  onClose: () => void;
  onText: (text: string) => void;
}

export function Beside({ id, onClose, onText }: Props) {
  const found = useQuery(eventTraceQuery(id));
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape" && !document.querySelector("[role=dialog]")) onClose();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [onClose]);
  return (
    <section ref={panel} className="event-panel" aria-label={words.detail}>
      <div className="row" style={{ justifyContent: "space-between", marginBottom: 8, flexWrap: "nowrap" }}>
        <strong style={{ overflowWrap: "anywhere" }}>{found.data?.event_key ?? words.detail}</strong>
        <ActionIcon variant="subtle" aria-label={words.close} onClick={onClose}>
          <Icon name="close" />
        </ActionIcon>
      </div>
      {found.isPending ? <Skeleton rows={5} /> : null}
      {found.error ? <Trouble error={found.error} again={() => void found.refetch()} /> : null}
      {found.data ? (
        <>
          <h2 style={{ fontSize: 13, margin: "4px 0 8px" }}>{words.became}</h2>
          <Trace event={found.data} />
          <div className="row" style={{ justifyContent: "space-between", margin: "12px 0 6px" }}>
            <h2 style={{ fontSize: 13, margin: 0 }}>{words.payload}</h2>
            <Copy text={writeExact(found.data.payload, 2)} what={words.payload} />
          </div>
          <Payload value={found.data.payload} onText={onText} />
        </>
      ) : null}
    </section>
  );
}
