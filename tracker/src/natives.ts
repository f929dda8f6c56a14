/**
 * The browser's own functions, out of the page's way: taken when the script runs, by way of `window` (a `let` or `class` of
 * the page hides a bare name), and members of nodes asked of the node's class (a form field hides those of its form, an
 * image or a form those of the document). On a server there is no window, and nothing here is called.
 *
 * `fetch` alone, where the page has wrapped it, comes from an empty frame that lives for a moment: a wrapper that adds
 * credentials makes all answers unreadable. For all pages that would be too dear: making one took 13 to 50 ms here.
 */
const page = (typeof window == "object" ? window : {}) as Window & typeof globalThis;
export const { setTimeout, clearTimeout } = page;
const { addEventListener, Date, Object } = page;
/** Whole milliseconds: the server takes no others. */
export const now = (): number => Math.floor(Date.now());
export const keys = (of: object): string[] => Object.keys(of);
/** Of a list those that are wanted. Without the methods of arrays, which libraries replace. */
export function select<T>(list: Iterable<T>, isWanted: (item: T) => unknown): T[] {
  const found: T[] = [];
  for (const item of list) if (isWanted(item)) found[found.length] = item;
  return found;
}
/** The native promise: that of an `async` function cannot be replaced. */
export const Eventually = (async () => undefined)().constructor as PromiseConstructor;
/** A dictionary with the members that are put into it and no others, whatever the page gives to all objects. */
export const dictionary = <T>() => ({ __proto__: null }) as unknown as Record<string, T>;

/** The member that the node's class has. */
export const of = (node: object, name: string): any => Reflect.get(Reflect.getPrototypeOf(node) as object, name, node);

const cleanFetch = (): typeof fetch => {
  let { fetch } = page;
  if (!/^function \w+\(\)\s*{\s*\[native/.test(`${fetch}`))
    try {
      const frame = of(document, "createElement").call(document, "iframe");
      of(document, "querySelector").call(document, "*").append(frame);
      ({ fetch } = frame.contentWindow);
      frame.remove();
    } catch {
      // The page's own, then.
    }
  return fetch;
};
const clean = cleanFetch();
export const fetch = (url: string, how: RequestInit): Promise<Response> => clean.call(page, url, how);

type Listening = [to: EventTarget, type: string, hear: (event: never) => void, how?: AddEventListenerOptions];
const listenings: Listening[] = [];
const attach = ([to, type, hear, how]: Listening) => addEventListener.call(to, type, hear as EventListener, how);

/** `document.open()` takes all listeners from the page, and keeps the page: whoever saw it come listens again. */
export function listen(...listening: Listening): void {
  if (!listenings[0])
    new page.MutationObserver(() => select(listenings, attach)).observe(document, { childList: true });
  listenings[listenings.length] = listening;
  attach(listening);
}
