/**
 * The rules of an event that the browser can check: the key rules of the seed, a JSON object, the size.
 * Takes what the page gave; gives the text that goes on the wire, or the reason why it never can. Throws what JSON or a
 * getter of the payload throws.
 */
import type { Identity, Payload } from "./types";

/** The largest event, in UTF-8 bytes: two of them fit into what a browser sends while a page is left. */
export const MAX_EVENT_BYTES = 24_000;

const encoder = new TextEncoder();

export const bytesOf = (text: string): number => encoder.encode(text).length;

/** 128 random bits. `crypto.randomUUID` would be shorter, but does not exist without TLS. */
export const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");

/** A checked event. */
export interface Checked {
  text: string;
  bytes: number;
  idempotencyKey: string;
}

/**
 * Gives the reason where the event breaks a rule. `copy` is the payload as it was at the call. Its own `companyId`,
 * `userId`, `eventDate` and `idempotencyKey` stand; whether they are well formed is for the server to say.
 */
export function check(
  eventKey: unknown,
  payload: unknown,
  copy: object | undefined,
  identity: Identity,
  calledAt: number,
): Checked | string {
  if (typeof eventKey != "string" || !/^[^$:.][^:.]{0,255}$/.test(eventKey))
    return "eventKey: 1 to 256 characters, no : or . or leading $";
  if (payload != null && (typeof payload != "object" || Array.isArray(payload))) return "payload: an object";
  const event: Payload = { ...copy };
  for (const name of ["companyId", "userId"] as const) event[name] ??= `${identity[name] ?? ""}` || undefined;
  event["eventDate"] ??= calledAt;
  const idempotencyKey = (event["idempotencyKey"] ??= randomId()) as string;
  const text = JSON.stringify(event);
  const bytes = bytesOf(text);
  return bytes > MAX_EVENT_BYTES ? `${bytes} bytes, more than ${MAX_EVENT_BYTES}` : { text, bytes, idempotencyKey };
}
