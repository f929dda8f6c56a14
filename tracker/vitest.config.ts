import { defineConfig } from "vitest/config";

const built = { globalSetup: "test/build.ts" };
/** The browser's tests and measurements share one machine: one at a time, never beside each other. */
const alone = {
  globalSetup: ["test/build.ts", "test/browser/harness/shared-milepost.ts"],
  fileParallelism: false,
  testTimeout: 60_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          setupFiles: ["test/unit/window.ts"],
          testTimeout: 60_000,
          ...built,
        },
      },
      { test: { name: "browser", include: ["test/browser/**/*.test.ts"], ...alone } },
      { test: { name: "bench", include: ["test/bench/**/*.test.ts"], ...alone } },
    ],
  },
});
