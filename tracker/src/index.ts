/** The package's entry, for people who import the tracker instead of pasting the snippet. */
export { createTracker } from "./connections";
export type * from "./types";
