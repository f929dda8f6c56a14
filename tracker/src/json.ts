/**
 * The JSON text of a value, written here rather than by `JSON.stringify`: libraries change what that makes of an array,
 * and one member that JSON cannot say would cost all others. Such a member is left out, and `lost` hears of it.
 */
import { keys } from "./natives";

/** An object that is being written, and the one around it. */
type Around = [value: unknown, around: Around] | undefined;

/** Half of a surrogate pair is no text that a server could take. */
export const quote = (text: string): string =>
  `"${text.replace(/["\\\0-\x1f]|[\ud800-\udfff]/gu, (bad) =>
    bad > "~" ? "\ufffd" : bad > " " ? `\\${bad}` : `\\u${(bad.charCodeAt(0) + 65536).toString(16).slice(1)}`,
  )}"`;

export const isArray = (value: unknown): boolean => window.Array.isArray(value);

/** What `toJSON` makes of it; but what a library has given to all arrays or objects does not speak of this one. */
export function plain(value: any, name?: string): any {
  const toJSON = /ob|big/.test(typeof value) && value && value.toJSON;
  return toJSON && toJSON != ([] as any).toJSON && toJSON != ({} as any).toJSON ? value.toJSON(name) : value;
}

/** Undefined beyond `room` values and characters: a payload may lead into the whole page. Never throws. */
export function textOf(root: object, room: number, lost: (why: string) => void): string | undefined {
  const write = (holder: any, name: string, around?: Around): string | undefined => {
    try {
      const value = plain(holder[name], name);
      const type = typeof value;
      room -= type == "string" ? value.length : 1;
      if (room < 0) return undefined;
      if (type == "string") return quote(value);
      if (value === null || /num|boo/.test(type)) return value - value == 0 ? `${value}` : "null";
      if (type == "bigint") throw type;
      if (type != "object") return undefined;
      for (let up = around; up; up = up[1]) if (up[0] == value) throw "a cycle";
      const isList = isArray(value);
      let text = "";
      for (const member of keys(value)) {
        const said = write(value, member, [value, around]) || (isList && "null");
        if (said) text += (text && ",") + (isList ? said : `${quote(member)}:${said}`);
      }
      return isList ? `[${text}]` : `{${text}}`;
    } catch (error) {
      lost(`${name}: ${error}`);
    }
    return undefined;
  };
  const text = write({ "": root }, "");
  return room < 0 ? undefined : text;
}
