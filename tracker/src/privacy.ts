/**
 * Whether this page may track: the user's choice if there is one, else the browser's signals and the configuration.
 * The choice is kept for the origin, so that a refusal holds on the next page too.
 */
import type { Context } from "./types";

export const CONSENT_KEY = "mcx-consent";
export const NO_CONSENT = "no consent";

export type Signals = { globalPrivacyControl?: boolean; doNotTrack?: string | null };

/** `choice` is what CONSENT_KEY holds: "1" given, "0" refused, anything else not asked. Gives the reason where not. */
export function reasonNotToTrack(
  choice: string | null | undefined,
  context: Context,
  signals: Signals,
): string | undefined {
  if (choice == "1") return undefined;
  if (choice == "0" || context.consentRequired) return NO_CONSENT;
  if (context.ignoreDoNotTrack) return undefined;
  if (signals.globalPrivacyControl) return "GPC";
  return signals.doNotTrack == "1" ? "DNT" : undefined;
}
