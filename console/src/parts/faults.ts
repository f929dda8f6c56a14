/** A refusal's faults, laid on the fields that they name: `rules.members[1].value` as a form writes its paths. */
export interface Fault {
  path: string;
  reason: string;
}

/** `actions[0].name` as `actions.0.name`. */
export const fieldOf = (path: string): string => path.replaceAll(/\[(\d+)\]/g, ".$1");

/** Reasons by field; those of no field that the form has are under "". */
export function byField(faults: Fault[], fields: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { path, reason } of faults) {
    const wanted = fieldOf(path);
    const field = fields.find((one) => wanted === one || wanted.startsWith(`${one}.`)) ?? "";
    const said = field === "" && path ? `${path}: ${reason}` : reason;
    found[field] = found[field] ? `${found[field]}; ${said}` : said;
  }
  return found;
}

/** The faults of an error that has some. */
export function faultsOf(error: unknown): Fault[] {
  const body = (error as { body?: { faults?: Fault[] } } | null)?.body;
  return body?.faults ?? [];
}

/** Whether something is wrong that no field says. */
export const isElsewhere = (faults: Record<string, string>): boolean =>
  faults[""] !== undefined || Object.keys(faults).length === 0;
