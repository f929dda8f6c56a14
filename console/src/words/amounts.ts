/** Numbers and instants in the reader's language: short where they are large, exact on hover. */
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 6 });
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });

export const exactNumber = (value: number): string => whole.format(value);
export const shortNumber = (value: number): string =>
  Math.abs(value) < 100_000 ? whole.format(value) : short.format(value);

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["week", 7 * 86_400],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** Such as "3 min. ago"; "now" within a few seconds, and for what came since the clock was looked at. */
export function relativeTime(at: Date, now: Date): string {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1000);
  if (seconds > -5 && seconds < 25) return relative.format(0, "second");
  const [unit, size] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? ["second", 1];
  return relative.format(Math.trunc(seconds / size), unit);
}

/** The exact instant with its zone, in the account's time zone. */
export function exactTime(at: Date, zone: string): string {
  const options = { dateStyle: "medium", timeStyle: "long", timeZone: zone } as const;
  return new Intl.DateTimeFormat(undefined, options).format(at);
}

export function clockTime(at: Date, zone: string): string {
  const options = { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone: zone } as const;
  return new Intl.DateTimeFormat(undefined, options).format(at);
}

export function dayTime(at: Date, zone: string): string {
  const options = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false } as const;
  return new Intl.DateTimeFormat(undefined, { ...options, timeZone: zone }).format(at);
}
