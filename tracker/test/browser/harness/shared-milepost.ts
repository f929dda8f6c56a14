/** One Milepost for all files of browser tests; each has connections of its own. */
import type { TestProject } from "vitest/node";
import { type Address, startMilepost } from "./milepost";

declare module "vitest" {
  export interface ProvidedContext {
    milepost: Address;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const milepost = await startMilepost();
  project.provide("milepost", { apiUrl: milepost.apiUrl, appUrl: milepost.appUrl });
  return milepost.stop;
}
