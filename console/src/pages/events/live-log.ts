/** The log as it grows: pages of what was, and above them what has come since, held back while somebody reads. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { type EventFilter, eventsQuery, followEvents, type LoggedEvent } from "../../api/queries/events";

const MOST = 5000;
const GATHER_MS = 120;

export function useLiveLog(filter: EventFilter, isLive: boolean, isReading: boolean) {
  const pages = useInfiniteQuery(eventsQuery(filter));
  const [fresh, setFresh] = useState<LoggedEvent[]>([]);
  const [shown, setShown] = useState(0);
  useEffect(() => {
    if (!isLive) return;
    let gathered: LoggedEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = (): void => {
      const come = gathered.toReversed();
      gathered = [];
      timer = undefined;
      setFresh((before) => [...come, ...before].slice(0, MOST));
    };
    const stream = followEvents(filter, (event) => {
      gathered.push(event);
      timer ??= setTimeout(flush, GATHER_MS);
    });
    return () => {
      stream.close();
      clearTimeout(timer);
      flush();
    };
  }, [filter, isLive]);
  useEffect(() => {
    if (!isReading) setShown(fresh.length);
  }, [fresh.length, isReading]);
  const rows = useMemo(() => {
    const known = new Set<string>();
    const all = [...fresh.slice(fresh.length - shown), ...(pages.data?.pages.flatMap((page) => page.items) ?? [])];
    return all.filter(({ id }) => !known.has(id) && known.add(id));
  }, [fresh, shown, pages.data]);
  const waiting = useMemo(() => {
    const known = new Set(rows.map(({ id }) => id));
    return fresh.slice(0, fresh.length - shown).filter(({ id }) => !known.has(id)).length;
  }, [fresh, shown, rows]);
  return { pages, rows, waiting, show: () => setShown(fresh.length) };
}
