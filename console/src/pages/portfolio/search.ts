/** What the address of the portfolio says: which outcome or milestone is open beside it, and in which state. */
import type { Nouns, State } from "../../api/queries/portfolio";
import { states } from "../../words/en/home";

export interface PortfolioSearch {
  nouns?: Nouns;
  id?: string;
  state?: State;
}

export function validatePortfolioSearch(search: Record<string, unknown>): PortfolioSearch {
  const { nouns, id, state } = search;
  if ((nouns !== "milestones" && nouns !== "outcomes") || typeof id !== "string") return {};
  return { nouns, id, ...(typeof state === "string" && state in states ? { state: state as State } : {}) };
}
