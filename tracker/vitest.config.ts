import { defineConfig } from "vitest/config";

/** The browser's tests and measurements share one machine and one Chromium: one at a time, never beside each other. */
const alone = { fileParallelism: false, testTimeout: 60_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"] } },
      { test: { name: "browser", include: ["test/browser/**/*.test.ts"], ...alone } },
      { test: { name: "bench", include: ["test/bench/**/*.test.ts"], ...alone } },
    ],
  },
});
