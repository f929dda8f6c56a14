/** The list of events: as many rows as fit are in the page; arrow keys go through it, Enter opens one beside it. */
import { Button } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, memo, useEffect, useRef, useState } from "react";
import { writeExact } from "../../api/exact-json";
import type { Connection } from "../../api/queries/connections";
import type { EventFilter, LoggedEvent } from "../../api/queries/events";
import { FateMark } from "../../parts/fate-mark";
import { Lesson } from "../../parts/lesson";
import { Skeleton } from "../../parts/skeleton";
import { Trouble } from "../../parts/trouble";
import { useZone } from "../../parts/zone";
import { clockTime, exactTime } from "../../words/amounts";
import { isTest } from "../../words/en/connections";
import { events as words } from "../../words/en/events";
import { useLiveLog } from "./live-log";

interface Props {
  filter: EventFilter;
  connections: Connection[];
  chosen: string | undefined;
  isLive: boolean;
  onLive: (isLive: boolean) => void;
}

const ROW = 34;
const NEAR_THE_END = 20;

export function Log({ filter, connections, chosen, isLive, onLive }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const [isAway, setAway] = useState(false);
  const { pages, rows, waiting, show } = useLiveLog(filter, isLive, isAway || chosen !== undefined);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => list.current,
    estimateSize: () => ROW,
    overscan: 12,
    getItemKey: (place) => rows[place]?.id ?? place,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = pages;
  useEffect(() => {
    if (rows.length && last > rows.length - NEAR_THE_END && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [last, rows.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  const names = new Map(connections.map(({ id, name }) => [id, name]));
  if (pages.isPending) return <Skeleton rows={10} />;
  if (pages.error) return <Trouble error={pages.error} again={() => void pages.refetch()} />;
  return (
    <div className="event-column">
      <div className="list-acts">
        <Button size="compact-sm" variant="subtle" onClick={() => onLive(!isLive)}>
          {isLive ? words.pause : words.resume}
        </Button>
        {waiting ? (
          <Button
            size="compact-sm"
            variant="light"
            onClick={() => {
              show();
              list.current?.scrollTo({ top: 0 });
            }}
          >
            {words.fresh(waiting)}
          </Button>
        ) : null}
      </div>
      {rows.length ? (
        <div
          ref={list}
          className="event-list"
          role="list"
          aria-label={words.list}
          onScroll={(event) => setAway(event.currentTarget.scrollTop > ROW)}
          onKeyDown={walk}
        >
          <div style={{ height: virtual.getTotalSize(), position: "relative" }} role="presentation">
            {items.map(({ index, key, start }) => {
              const event = rows[index];
              return event ? (
                <Row
                  key={key}
                  event={event}
                  name={names.get(event.connection_id)}
                  isChosen={event.id === chosen}
                  top={start}
                />
              ) : null;
            })}
          </div>
        </div>
      ) : (
        <Empty isFiltered={Object.keys(filter).length > 0} />
      )}
    </div>
  );
}

function walk(event: KeyboardEvent<HTMLDivElement>): void {
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" } as const;
  const next = event.key in step ? step[event.key as keyof typeof step] : undefined;
  const row = (event.target as HTMLElement).closest("[role=listitem]");
  if (!next || !row) return;
  event.preventDefault();
  row[next]?.querySelector("a")?.focus();
}

interface RowProps {
  event: LoggedEvent;
  name: string | undefined;
  isChosen: boolean;
  top: number;
}

const Row = memo(function Row({ event, name, isChosen, top }: RowProps) {
  const zone = useZone();
  const at = new Date(event.received_at);
  return (
    <div role="listitem" className="event-item" style={{ transform: `translateY(${top}px)` }}>
      <Link
        from="/events"
        to="/events"
        search={(before) => ({ ...before, event: event.id })}
        className="event-row"
        aria-current={isChosen}
        preload={false}
        resetScroll={false}
      >
        <time dateTime={event.received_at} title={exactTime(at, zone)}>
          {clockTime(at, zone)}
        </time>
        <FateMark fate={event.fate} />
        <span title={event.event_key}>{event.event_key}</span>
        <span className="soft wide-only">
          {name ?? words.unknownConnection}{" "}
          {name && isTest(name) ? <i className="tag test">{words.everyTest}</i> : null}
        </span>
        <span className="mono soft wide-only">{writeExact(event.payload).slice(0, 240)}</span>
      </Link>
    </div>
  );
});

function Empty({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <Lesson title={words.none} says={words.noneSays} />;
  const act = <Link to="/connections">{words.emptyAct}</Link>;
  return <Lesson title={words.empty} says={words.emptySays} act={act} />;
}
