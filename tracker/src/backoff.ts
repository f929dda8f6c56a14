/**
 * When to try again: exponential with jitter, or when the server says. Pure.
 * The seed's advice is 1, 2, 4 seconds; the cap keeps a server that is gone for good at twelve requests an hour.
 */
const CAP_MS = 300_000;
const RETRY_AFTER_CAP_MS = 3_600_000;

/** Milliseconds to wait after failure `attempt` (from 0). Retry-After of 0 or NaN: none. `random` is in [0, 1). */
export function delayAfter(attempt: number, retryAfterMs: number, random: number): number {
  if (retryAfterMs) return Math.min(retryAfterMs, RETRY_AFTER_CAP_MS) + random * 1000;
  const full = Math.min(1000 * 2 ** attempt, CAP_MS);
  return full * (0.5 + random / 2);
}
