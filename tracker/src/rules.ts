/**
 * The rules of an event that the browser can check: the key rules of the seed, a JSON object, the ids, the size.
 * Takes what the page gave; gives the text that goes on the wire, or the reason why it never can.
 */
import { isArray, plain, textOf } from "./json";
import { dictionary, keys } from "./natives";
import { warn } from "./safely";
import type { Identity } from "./types";

/** The largest event, in UTF-8 bytes: two of them fit into what a browser sends while a page is left. */
export const MAX_EVENT_BYTES = 24_000;

export const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** 128 random bits. `crypto.randomUUID` would be shorter, but does not exist without TLS. */
export function randomId(): string {
  let id = "";
  for (const part of crypto.getRandomValues(new Uint32Array(4))) id += part.toString(36);
  return id;
}

/** A checked event. */
export interface Checked {
  text: string;
  bytes: number;
  idempotencyKey: string;
}

/**
 * Gives the reason where the event breaks a rule. The payload's own `companyId`, `userId`, `eventDate` and
 * `idempotencyKey` stand; but for the ids' types, whether they are well formed is for the server to say.
 */
export function check(eventKey: unknown, payload: any, identity: Identity, calledAt: number): Checked | string {
  if (typeof eventKey != "string" || !/^[^$:.][^:.]{0,255}$/.test(eventKey))
    return "eventKey: 1 to 256 characters, no : or . or leading $";
  const lost = (why: string) => warn(`"${eventKey}" without ${why}`);
  const given = plain(payload);
  if (given != null && (typeof given != "object" || isArray(given))) return "payload: an object";
  const event = dictionary<any>();
  for (const name of given ? keys(given) : [])
    try {
      event[name] = given[name];
    } catch (error) {
      lost(`${name}: ${error}`);
    }
  for (const name of ["companyId", "userId"] as const) {
    const own = event[name];
    let id = own == null ? identity[name] : own;
    // Anything else would become one company for all customers.
    if (id != null && typeof id != "string" && (typeof id != "number" || id - id != 0)) {
      lost(`${name}: no text or number`);
      id = null;
    }
    event[name] = id == null || id === "" ? undefined : own == null ? `${id}` : id;
  }
  let date = event["eventDate"];
  if (date && typeof date != "string") {
    // A Date, or a time with fractions.
    date = Math.floor(date);
    if (!date) lost("eventDate");
  }
  event["eventDate"] = date || calledAt;
  const idempotencyKey = (event["idempotencyKey"] = event["idempotencyKey"] || randomId());
  const text = textOf(event, MAX_EVENT_BYTES, lost);
  const bytes = text ? bytesOf(text) : Infinity;
  return text && bytes <= MAX_EVENT_BYTES
    ? { text, bytes, idempotencyKey }
    : `${bytes} bytes, more than ${MAX_EVENT_BYTES}`;
}
