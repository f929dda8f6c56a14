/** A number: short where it is large, with the exact one on hover. */
import { exactNumber, shortNumber } from "../words/amounts";

export function Amount({ value }: { value: number }) {
  return <span title={exactNumber(value)}>{shortNumber(value)}</span>;
}
