/** A refusal of the API as an error: what it says, and which fields its faults name. */
import type { components } from "./generated/schema";

export type ProblemBody = components["schemas"]["Problem"];

export class Problem extends Error {
  constructor(readonly body: ProblemBody) {
    super(body.detail);
    this.name = "Problem";
  }
  get status(): number {
    return this.body.status;
  }
}

/** What a failed request is shown as when no answer came at all. */
export function unreachable(cause: unknown): Problem {
  return new Problem({
    title: "No answer",
    status: 0,
    code: "unreachable",
    detail: `Milepost cannot be reached (${cause instanceof Error ? cause.message : String(cause)}). It is tried again when you ask.`,
    faults: [],
  });
}

export const isProblem = (error: unknown, status: number): error is Problem =>
  error instanceof Problem && error.status === status;
