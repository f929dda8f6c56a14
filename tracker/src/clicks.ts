/**
 * trackAllClicks: a `click` event that says what was clicked, through open shadow roots, by one passive listener.
 * Never reads the value of a field, nor anything inside data-mcx-ignore or of password, card and editable fields.
 */
import { MASKED, masked } from "./mask";
import { safely } from "./safely";
import type { LiveTracker } from "./tracker";
import type { Payload } from "./types";

const MAX_TEXT = 100;
const MAX_ATTRIBUTE = 500;
const FIELD = "input,textarea,select,option";
const SECRET_FIELD = /passw|card|cc-|ccn|cvv|cvc|csc/i;
/** What people mean when they click on the icon or the word inside it. */
const ACTIONABLE = `a,button,summary,label,[role=button],[role=link],[role=tab],[role^=menuitem],${FIELD}`;

/** Undefined where there is nothing to say: JSON leaves such a member out. */
const attribute = (element: Element, name: string) => cut(element.getAttribute(name) ?? "", MAX_ATTRIBUTE);

/** By code points: half of a surrogate pair is no text that a server could take. */
const cut = (text: string, length: number) => [...text.slice(0, 2 * length)].slice(0, length).join("") || undefined;

function isPrivate(element: Element): boolean {
  return (
    element.matches("[data-mcx-ignore],[contenteditable]") ||
    (element.matches(FIELD) &&
      SECRET_FIELD.test(`${["type", "autocomplete", "name", "id"].map((name) => attribute(element, name))}`))
  );
}

function textOf(element: Element): string {
  if (isPrivate(element) || element.matches(`${FIELD},script,style`)) return "";
  if (element.hasAttribute("data-mcx-mask")) return MASKED;
  let text = "";
  for (const child of (element as HTMLSlotElement).assignedNodes?.() ?? element.childNodes) {
    if (text.length > 2 * MAX_TEXT) break;
    if (child instanceof Text) text += child.data.slice(0, 2 * MAX_TEXT);
    else if (child instanceof Element) text += ` ${textOf(child)} `;
  }
  return text.replace(/\s+/g, " ");
}

/** What the click's way through the page, innermost first, says; undefined where it leads through something private. */
export function describeClick(way: EventTarget[], mask: LiveTracker["config"]["mask"]): Payload | undefined {
  const elements = way.filter((node): node is Element => node instanceof Element);
  const [target] = elements;
  if (!target || elements.some(isPrivate)) return undefined;
  const clicked = elements.find((element) => element.matches(ACTIONABLE)) ?? target;
  const link = elements.find((element) => element.matches("a[href]"));
  const isMasked = elements.some((element) => element.hasAttribute("data-mcx-mask"));
  const said: Record<string, string | undefined> = {
    tag: clicked.localName,
    id: attribute(clicked, "id"),
    classes: attribute(clicked, "class"),
    text: isMasked ? MASKED : cut(textOf(clicked).trim(), MAX_TEXT),
    href: link && attribute(link, "href"),
    path: location.pathname,
  };
  for (const element of elements)
    for (const { name } of element.attributes)
      if (name.startsWith("data-mcx-") && name != "data-mcx-mask") said[name] ??= attribute(element, name);
  return masked(mask, said);
}

const watching = new Set<LiveTracker>();

const onClick = safely((event: MouseEvent) => {
  for (const { config, track } of watching) {
    const payload = config.trackAllClicks && describeClick(event.composedPath(), config.mask);
    if (payload) void track("click", payload);
  }
});

/** Adding the same listener again changes nothing. */
export function watchClicks(tracker: LiveTracker): void {
  watching.add(tracker);
  addEventListener("click", onClick, { capture: true, passive: true });
}
