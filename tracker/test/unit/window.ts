/** What the script asks of a browser by way of `window`, which Node has under its own names. */
const own = globalThis as unknown as { window: typeof globalThis };
own.window = globalThis;
