/** An event's fate as a word, a shape and a colour. */
import { events } from "../words/en/events";

const SHAPES = {
  processed: ["●", "var(--good)"],
  duplicate: ["◌", "var(--ink-soft)"],
  parked: ["▲", "var(--warn)"],
  rejected: ["✕", "var(--bad)"],
};

export function FateMark({ fate }: { fate: keyof typeof SHAPES }) {
  const [shape, color] = SHAPES[fate];
  return (
    <span className="mark">
      <b aria-hidden="true" style={{ color }}>
        {shape}
      </b>
      {events.fates[fate]}
    </span>
  );
}
