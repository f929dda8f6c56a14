/** The pages of the navigation, in its order, with the keys that lead there. */
import type { IconName } from "../parts/icon";
import { frame } from "../words/en/frame";

export interface Place {
  to: "/" | "/companies" | "/portfolio" | "/reactor" | "/connections" | "/events";
  name: string;
  icon?: IconName;
  isSub?: boolean;
  key?: string;
}

export const PLACES: Place[] = [
  { to: "/", name: frame.home, icon: "home", key: "h" },
  { to: "/companies", name: frame.companies, icon: "companies", key: "c" },
  { to: "/portfolio", name: frame.portfolio, icon: "plans", key: "p" },
  { to: "/reactor", name: frame.reactor, icon: "reactor", key: "r" },
  { to: "/connections", name: frame.connections, isSub: true, key: "n" },
  { to: "/events", name: frame.events, isSub: true, key: "e" },
];
