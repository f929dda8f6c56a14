/**
 * Which pages live: so that what a dead page left is taken over by exactly one other, and a live page's events by none.
 * A live page holds a Web Lock of its name, which the browser frees however the page ends. Where there are no Web Locks
 * (no TLS, old browsers) the time of a page's latest event is its lease.
 */

/**
 * A page that lives sends its events long before, unless nothing can be sent. Then another page may take them over, and
 * the first hears of it by the storage event; if both come to send in the same moment the server sees a repeat.
 */
export const LEASE_MS = 150_000;

export interface Presence {
  /** The page lives (again). */
  enter(): void;
  /** The page is being left: whoever comes next may take over at once. */
  leave(): void;
  /** Runs `move` if that page, whose latest event is of `lastAt`, is gone and nobody else is moving its events. */
  takeOver(page: string, lastAt: number, move: () => void): unknown;
}

export function openPresence(page: string, locks: LockManager | undefined): Presence {
  let leave: (() => void) | undefined;
  return {
    enter: () =>
      void locks?.request(page, () => new Promise<void>((resolve) => (leave = resolve))).catch(() => undefined),
    leave: () => leave?.(),
    takeOver(other, lastAt, move) {
      if (locks) return locks.request(other, { ifAvailable: true }, (lock) => lock && move()).catch(() => undefined);
      return Date.now() - lastAt > LEASE_MS && move();
    },
  };
}
