/**
 * Every server-sent stream of this tab, and how they fare together: live, paused, reconnecting, or none.
 * A stream rests while the tab is hidden, and goes on from where it was; after a failure it waits longer each time.
 */
export type Liveness = "none" | "live" | "paused" | "reconnecting";

export interface Stream {
  close(): void;
}

const states = new Map<symbol, Liveness>();
const listeners = new Set<() => void>();
let together: Liveness = "none";

function tell(key: symbol, state: Liveness | null): void {
  if (state) states.set(key, state);
  else states.delete(key);
  const all = [...states.values()];
  together = (["reconnecting", "paused", "live"] as const).find((one) => all.includes(one)) ?? "none";
  for (const listener of listeners) listener();
}

export const liveness = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  read: (): Liveness => together,
};

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** Follows an address; `address` gets the id of the last message, and gives where to go on. */
export function follow(address: (after: string | null) => string, take: (data: string) => void): Stream {
  const key = Symbol("stream");
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let after: string | null = null;
  let wait = FIRST_WAIT_MS;

  const rest = (): void => {
    source?.close();
    source = undefined;
    clearTimeout(timer);
  };
  const open = (): void => {
    rest();
    if (document.hidden) return tell(key, "paused");
    const opened = new EventSource(address(after));
    source = opened;
    opened.addEventListener("open", () => {
      wait = FIRST_WAIT_MS;
      tell(key, "live");
    });
    opened.addEventListener("message", (message: MessageEvent<string>) => {
      after = message.lastEventId || after;
      take(message.data);
    });
    opened.addEventListener("error", () => {
      rest();
      tell(key, "reconnecting");
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    });
  };
  tell(key, "reconnecting");
  document.addEventListener("visibilitychange", open);
  open();
  return {
    close: () => {
      document.removeEventListener("visibilitychange", open);
      rest();
      tell(key, null);
    },
  };
}
