/** A state as a word, a shape and a colour; an unknown one as its word. */
import { states } from "../words/en/home";

export function StateMark({ state }: { state: string }) {
  const known = states[state];
  return (
    <span className="mark">
      <b aria-hidden="true" style={{ color: known?.color, minWidth: 16, textAlign: "center" }}>
        {known?.shape ?? "·"}
      </b>
      {known?.word ?? state.replaceAll("_", " ")}
    </span>
  );
}
