/** /mcx.js?auto: the part of the script for what is tracked without a call; `automatic-late.ts` has it loaded. */
import { watch } from "./automatic";
import type { Shared } from "./automatic-late";

const shared = (window as unknown as { 0.5: Shared })[0.5];
shared.watch = watch;
for (const tracker of Object.values(shared.trackers)) watch(tracker);
