/** The masking option: what of a page's texts and addresses may be sent. */
import type { Context } from "./types";

export const MASKED = "***";

/** `true` hides texts and cuts addresses before the query; a function decides for itself. */
export function masked(mask: Context["mask"], field: string, value: string): string {
  if (!mask || !value) return value;
  if (typeof mask == "function") return `${mask(value, field)}`;
  return field == "text" || field == "title" ? MASKED : value.replace(/[?#].*/s, "");
}
