/** A payload as a tree, digit for digit; every value can be copied, with its path, and filtered by. */
import { ExactNumber, type Exact, writeExact } from "../../api/exact-json";
import { events as words } from "../../words/en/events";

interface Props {
  value: Exact;
  onText: (text: string) => void;
}

export function Payload({ value, onText }: Props) {
  return (
    <ul className="tree" style={{ paddingLeft: 0 }}>
      <Node name="" path="" value={value} onText={onText} />
    </ul>
  );
}

const isBranch = (value: Exact): value is Exact[] | { [name: string]: Exact } =>
  value !== null && typeof value === "object" && !(value instanceof ExactNumber);

function Node({ name, path, value, onText }: Props & { name: string; path: string }) {
  if (!isBranch(value)) return <Leaf name={name} path={path} value={value} onText={onText} />;
  const members: [string, string, Exact][] = Array.isArray(value)
    ? value.map((one, place) => [`[${place}]`, `${path}[${place}]`, one])
    : Object.entries(value).map(([key, one]) => [key, path ? `${path}.${key}` : key, one]);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return (
    <li>
      {name ? `${name}: ` : ""}
      {open}
      <ul className="tree">
        {members.map(([key, at, one]) => (
          <Node key={key} name={key} path={at} value={one} onText={onText} />
        ))}
      </ul>
      {close}
    </li>
  );
}

const copy = (what: string) => () => void navigator.clipboard.writeText(what);

function Leaf({ name, path, value, onText }: Props & { name: string; path: string }) {
  const text = typeof value === "string" ? value : writeExact(value);
  return (
    <li className="leaf">
      {name ? <span className="soft">{name}:</span> : null}
      <span style={{ overflowWrap: "anywhere" }}>{writeExact(value)}</span>
      <span className="acts">
        <button type="button" onClick={copy(text)} aria-label={`${words.copyValue} ${path}`}>
          {words.copyValue}
        </button>
        <button type="button" onClick={copy(path)} aria-label={`${words.copyPath} ${path}`}>
          {words.copyPath}
        </button>
        <button type="button" onClick={() => onText(text)} aria-label={`${words.filterBy} ${path}`}>
          {words.filterBy}
        </button>
      </span>
    </li>
  );
}
