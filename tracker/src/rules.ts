/**
 * The rules of an event that the browser can check: the key rules of the seed, a JSON object, the size.
 * Takes what the page gave; gives the text that goes on the wire, or the reason why it never can. May throw what a getter throws.
 */
import type { Identity, Payload } from "./types";

/** The largest event, in UTF-8 bytes: two of them fit into what a browser sends while a page is left. */
export const MAX_EVENT_BYTES = 24_000;

const encoder = new TextEncoder();

export const bytesOf = (text: string): number => encoder.encode(text).length;

/** 32 hex digits from the browser's cryptographic source, which unlike `crypto.randomUUID` exists without TLS too. */
export const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join("");

/** A checked event. */
export interface Checked {
  text: string;
  bytes: number;
  idempotencyKey: string;
}

/** Gives the reason, as a sentence fragment, where the event breaks a rule. */
export function check(eventKey: unknown, payload: unknown, identity: Identity, calledAt: number): Checked | string {
  if (typeof eventKey != "string" || !eventKey) return "eventKey must be a non-empty string";
  if (/^\$|[:.]/.test(eventKey)) return "eventKey must not contain : or . nor begin with $";
  if (payload != null && (typeof payload != "object" || Array.isArray(payload))) return "payload must be an object";
  const event: Payload = { ...payload };
  for (const name of ["companyId", "userId"] as const) {
    const id = identity[name];
    if (id != null && id !== "") event[name] ??= `${id}`;
  }
  const eventDate = (event["eventDate"] ??= calledAt);
  if (!Number.isSafeInteger(eventDate)) return "eventDate must be whole milliseconds";
  const idempotencyKey = (event["idempotencyKey"] ??= randomId());
  if (typeof idempotencyKey != "string" || !idempotencyKey) return "idempotencyKey must be a non-empty string";
  const text = JSON.stringify(event);
  const bytes = bytesOf(text);
  return bytes > MAX_EVENT_BYTES ? `${bytes} bytes, at most ${MAX_EVENT_BYTES} can be sent` : { text, bytes, idempotencyKey };
}
