/**
 * Which pages live: so that what a dead page left is taken over by exactly one other, and a live page's events by none.
 * A live page holds a Web Lock of its name, which the browser frees however the page ends. Where there are no Web Locks
 * (no TLS, old browsers) it renews a lease in localStorage instead, and a dead page's events wait until that has run out.
 */
import type { SafeStorage } from "./storage";

/** Longer than the minute to which browsers slow down the timers of a hidden tab, with room for a busy machine. */
export const LEASE_MS = 150_000;
const BEAT_MS = 20_000;
/** Longer than another process takes to see what this one wrote to localStorage. */
const SETTLE_MS = 200;

export interface Presence {
  /** The page lives (again). */
  enter(): void;
  /** The page is being left: whoever comes next may take over at once. Holding a lock would bar the back/forward cache. */
  leave(): void;
  /** To be called before something is added to the queue. */
  renew(): void;
  /** Runs `move` if `page` is gone, and nobody else can be running it for the same page. */
  takeOver(page: string, move: () => void): Promise<void>;
}

export function openPresence(page: string, storage: SafeStorage, locks: LockManager | undefined, hasWork: () => boolean): Presence {
  return locks ? byLocks(page, locks) : byLeases(page, storage, hasWork);
}

function byLocks(page: string, locks: LockManager): Presence {
  const name = (of: string) => `mcx:${of}`;
  let leave: () => void = () => undefined;
  return {
    enter() {
      const left = new Promise<void>((resolve) => (leave = resolve));
      locks.request(name(page), () => left).catch(() => undefined);
    },
    leave: () => leave(),
    renew: () => undefined,
    takeOver: (other, move) => locks.request(name(other), { ifAvailable: true }, (lock) => void (lock && move())),
  };
}

function byLeases(page: string, storage: SafeStorage, hasWork: () => boolean): Presence {
  const name = (of: string) => `mcx:lease:${of}`;
  let timer: ReturnType<typeof setInterval> | undefined;
  let renewedAt = 0;
  const release = (of: string) => storage.remove(name(of));
  const renew = () => {
    const now = Date.now();
    if (now - renewedAt > BEAT_MS / 2) storage.write(name(page), `${(renewedAt = now)}`);
  };
  const rest = () => {
    renewedAt = 0;
    release(page);
  };
  return {
    enter() {
      clearInterval(timer);
      timer = setInterval(() => (hasWork() ? renew() : rest()), BEAT_MS);
    },
    leave() {
      clearInterval(timer);
      rest();
    },
    renew,
    async takeOver(other, move) {
      if (Date.now() - parseInt(storage.read(name(other)) ?? "0") < LEASE_MS) return;
      const claim = `${Date.now()}.${page}`;
      storage.write(name(other), claim);
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      if (storage.read(name(other)) != claim) return;
      move();
      release(other);
    },
  };
}
