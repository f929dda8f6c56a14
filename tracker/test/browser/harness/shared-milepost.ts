/** One Milepost for all files of browser tests; each has connections of its own. pytest may have started it already. */
import type { TestProject } from "vitest/node";
import { type Address, startMilepost } from "./milepost";

declare module "vitest" {
  export interface ProvidedContext {
    milepost: Address;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { TESTS_OF_MILEPOST_API: apiUrl, TESTS_OF_MILEPOST_APP: appUrl } = process.env;
  if (apiUrl && appUrl) {
    project.provide("milepost", { apiUrl, appUrl });
    return () => Promise.resolve();
  }
  const milepost = await startMilepost();
  project.provide("milepost", { apiUrl: milepost.apiUrl, appUrl: milepost.appUrl });
  return milepost.stop;
}
