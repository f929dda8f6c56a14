import { afterAll, beforeAll, expect, test } from "vitest";
import { type Milepost, startMilepost } from "./harness/milepost";
import { until, useStage } from "./harness/stage";

let milepost: Milepost;

beforeAll(async () => {
  milepost = await startMilepost();
});

const stage = useStage(2, () => milepost);

afterAll(() => milepost.stop());

test("a server that restarts under fire loses and doubles nothing", async () => {
  const page = await stage.open();
  await page.evaluate(() => {
    let n = 0;
    const timer = setInterval(() => (++n > 100 ? clearInterval(timer) : void mcxTrack("order", { n })), 20);
  });
  await until(() => stage.proxy.posts().length > 5);
  await milepost.restart();
  const events = await stage.logged(100);
  expect(events.map(({ payload }) => payload["n"]).sort((a, b) => Number(a) - Number(b))).toEqual(
    Array.from({ length: 100 }, (_, n) => n + 1),
  );
});
