/** The masking option: what of a page's texts and addresses may be sent. */
import { keys } from "./natives";
import type { Context, Payload } from "./types";

export const MASKED = "***";

/** The payload as it may be sent. `true` hides texts and cuts addresses before the query. */
export function masked(mask: Context["mask"], said: Record<string, string | undefined>): Payload {
  const payload: Payload = {};
  for (const field of keys(said)) {
    const value = said[field];
    if (!mask || !value) payload[field] = value;
    else if (typeof mask == "function") payload[field] = mask(value, field);
    else payload[field] = /^t(ext|itle)$/.test(field) ? MASKED : value.replace(/[?#].*/, "");
  }
  return payload;
}
