/** What the script asks of a browser by way of `window`, which Node has under its own names. */
import { vi } from "vitest";

const own = globalThis as unknown as { window: typeof globalThis };
own.window = globalThis;

// The script takes the browser's functions when it begins; here time must come from the test.
vi.mock("../../src/natives", async (original) => ({
  ...(await original<object>()),
  fetch: (...call: Parameters<typeof fetch>) => globalThis.fetch(...call),
  setTimeout: (act: () => void, ms: number) => globalThis.setTimeout(act, ms),
  clearTimeout: (timer: NodeJS.Timeout) => globalThis.clearTimeout(timer),
  now: () => Date.now(),
}));
