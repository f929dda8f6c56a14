/**
 * trackAllClicks: a `click` event that says what was clicked, through open shadow roots, by one passive listener.
 * Never reads the value of a field, nor anything inside data-mcx-ignore or of password, card and editable fields.
 */
import { MASKED, masked } from "./mask";
import { dictionary, keys, listen, of, setTimeout } from "./natives";
import { safely } from "./safely";
import type { LiveTracker } from "./tracker";
import type { Payload } from "./types";

const MAX_TEXT = 100;
const MAX_ATTRIBUTE = 500;
const MASK = "[data-mcx-mask]";
const FIELD = "input,textarea,select,option";
const SECRET_FIELD = /passw|card|cc-|ccn|cvv|cvc|csc/i;
/** What people mean when they click on the icon or the word inside it. */
const ACTIONABLE = `a,button,summary,label,[role=button],[role=link],[role=tab],[role^=menuitem],${FIELD}`;

const matches = (element: Element, selector: string): boolean => of(element, "matches").call(element, selector);

/** Undefined where there is nothing to say: JSON leaves such a member out. */
const attribute = (element: Element, name: string) =>
  cut(of(element, "getAttribute").call(element, name) || "", MAX_ATTRIBUTE);

/** By code points: half of a surrogate pair is no text that a server could take. */
function cut(text: string, length: number): string | undefined {
  let kept = "";
  for (const letter of text.slice(0, 2 * length)) if (length-- > 0) kept += letter;
  return kept || undefined;
}

function isPrivate(element: Element): boolean {
  if (matches(element, "[data-mcx-ignore],[contenteditable]")) return true;
  if (!matches(element, FIELD)) return false;
  let said = "";
  for (const name of ["type", "autocomplete", "name", "id"]) said += ` ${attribute(element, name)}`;
  return SECRET_FIELD.test(said);
}

function textOf(element: Element): string {
  if (isPrivate(element) || matches(element, `${FIELD},script,style`)) return "";
  if (matches(element, MASK)) return MASKED;
  let text = "";
  const children = of(element, "localName") == "slot" ? (element as HTMLSlotElement).assignedNodes() : [];
  for (const child of children[0] ? children : of(element, "childNodes")) {
    if (text.length > 2 * MAX_TEXT) break;
    if (child.nodeType == 3) text += (child as Text).data.slice(0, 2 * MAX_TEXT);
    else if (of(child, "nodeType") == 1) text += ` ${textOf(child as Element)} `;
  }
  return text.replace(/\s+/g, " ");
}

/** The field on which the browser makes a click of its own, as part of the click on its label. */
let labelled: Element | null | undefined;

/** What the click's way through the page, innermost first, says; undefined where it leads through something private. */
export function describeClick(way: EventTarget[], mask: LiveTracker["config"]["mask"]): Payload | undefined {
  const elements: Element[] = [];
  let clicked: Element | undefined;
  let link: Element | undefined;
  let isMasked = false;
  for (const node of way as Element[]) {
    if (of(node, "nodeType") != 1) continue;
    if (isPrivate(node)) return undefined;
    elements[elements.length] = node;
    if (!clicked && matches(node, ACTIONABLE)) clicked = node;
    if (!link && matches(node, "a[*|href]")) link = node;
    isMasked = isMasked || matches(node, MASK);
  }
  clicked = clicked || elements[0];
  if (!clicked) return undefined;
  const tag = of(clicked, "localName");
  if (tag == "label" && (labelled = (clicked as HTMLLabelElement).control)) {
    elements[elements.length] = labelled;
    setTimeout(() => (labelled = undefined), 0);
  }
  const said: Record<string, string | undefined> = {
    tag,
    id: attribute(clicked, "id"),
    classes: attribute(clicked, "class"),
    text: isMasked ? MASKED : cut(textOf(clicked).trim(), MAX_TEXT),
    href: link && (attribute(link, "href") || attribute(link, "xlink:href")),
    path: location.pathname,
  };
  for (const element of elements)
    for (const name of of(element, "getAttributeNames").call(element))
      if (name.startsWith("data-mcx-") && name != "data-mcx-mask") said[name] = said[name] || attribute(element, name);
  return masked(mask, said);
}

const trackers = dictionary<LiveTracker>();

const onClick = safely((event: MouseEvent) => {
  const way = event.composedPath();
  if (labelled && way[0] == labelled) return void (labelled = undefined);
  for (const { config, track } of Object.values(trackers)) {
    const payload = config.trackAllClicks && describeClick(way, config.mask);
    if (payload) void track("click", payload);
  }
});

export function watchClicks(tracker: LiveTracker): void {
  if (!keys(trackers)[0]) listen(window, "click", onClick, { capture: true, passive: true });
  trackers[tracker.config.connectionId] = tracker;
}
