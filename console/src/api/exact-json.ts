/**
 * JSON whose numbers stay as they were sent: a number that JavaScript would change is kept as its own text.
 * Takes JSON text, gives values; refuses with SyntaxError, like JSON.parse.
 */
export class ExactNumber {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

export type Exact = null | boolean | number | string | ExactNumber | Exact[] | { [name: string]: Exact };

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;

export function parseExact(text: string): Exact {
  let place = 0;
  const fail = (): never => {
    throw new SyntaxError(`no JSON at character ${place}`);
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = place;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) place += found.length;
    return found;
  };
  const skip = (word: string): boolean => {
    match(SPACE);
    if (!text.startsWith(word, place)) return false;
    place += word.length;
    return true;
  };
  const readString = (): string => {
    match(SPACE);
    return JSON.parse(match(STRING) ?? fail()) as string;
  };
  const readMembers = (): Exact => {
    const members: [string, Exact][] = [];
    if (!skip("}")) {
      do {
        const name = readString();
        if (!skip(":")) fail();
        members.push([name, read()]);
      } while (skip(","));
      if (!skip("}")) fail();
    }
    return Object.fromEntries(members);
  };
  const readEntries = (): Exact => {
    const entries: Exact[] = [];
    if (skip("]")) return entries;
    do entries.push(read());
    while (skip(","));
    return skip("]") ? entries : fail();
  };
  const read = (): Exact => {
    if (skip("{")) return readMembers();
    if (skip("[")) return readEntries();
    if (skip("true")) return true;
    if (skip("false")) return false;
    if (skip("null")) return null;
    if (text[place] === '"') return readString();
    const number = match(NUMBER) ?? fail();
    return String(Number(number)) === number ? Number(number) : new ExactNumber(number);
  };
  const value = read();
  match(SPACE);
  return place === text.length ? value : fail();
}

/** The JSON text of such a value, numbers as they were sent. */
export function writeExact(value: Exact, indent = 0, depth = 0): string {
  const [open, close, gap] = indent
    ? [`\n${" ".repeat(indent * (depth + 1))}`, `\n${" ".repeat(indent * depth)}`, " "]
    : ["", "", ""];
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) {
    if (!value.length) return "[]";
    return `[${open}${value.map((one) => writeExact(one, indent, depth + 1)).join(`,${open}`)}${close}]`;
  }
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value);
  if (!members.length) return "{}";
  const written = members.map(([name, one]) => `${JSON.stringify(name)}:${gap}${writeExact(one, indent, depth + 1)}`);
  return `{${open}${written.join(`,${open}`)}${close}}`;
}
