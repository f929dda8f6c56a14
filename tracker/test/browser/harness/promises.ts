/** The main promises, in sentences that hold in every engine; `chromium`, `firefox` and `webkit.test.ts` run them. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Engine, Tab } from "./engines";
import { sleep, until, useBackstage } from "./stage";

/** `launch`: opens the engine. */
export function keepPromises(launch: () => Promise<Engine>): void {
  const stage = useBackstage();
  let engine: Engine;
  let tabs: Tab[] = [];

  beforeAll(async () => {
    engine = await launch();
  });
  afterEach(async () => {
    for (const tab of tabs) await tab.close();
    tabs = [];
  });
  afterAll(() => engine.close());

  const open = async (path = "plain.html"): Promise<Tab> => {
    const tab = await engine.open(`${stage.site.url}/${path}`);
    tabs.push(tab);
    return tab;
  };
  const next = () => `${stage.site.url}/without.html`;
  const requested = () => until(() => stage.proxy.posts().length > 0);
  /** Leaves for a page without the script and comes back to the very page, as the engine kept it. */
  const leaveAndReturn = async (tab: Tab, whileAway = () => {}) => {
    await tab.run(() =>
      addEventListener("pageshow", ({ persisted }) => Object.assign(window, { isRestored: persisted })),
    );
    await tab.goto(next());
    whileAway();
    await tab.back();
    await until(
      () => tab.run(() => location.pathname).catch(() => ""),
      (path) => path == "/plain.html",
    );
    await until(() => tab.run(() => (window as { isRestored?: boolean }).isRestored));
  };

  test("an event arrives once, and the page hears of it", async () => {
    const tab = await open();
    expect(await tab.run(() => mcxTrack("order", { n: 1 }))).toMatchObject({ state: "accepted" });
    const [event] = await stage.logged(1);
    expect(event).toMatchObject({ eventKey: "order", payload: { n: 1 } });
    expect(stage.sent()).toBe(1);
  });

  test("an event of a page that leaves in the same moment arrives", async () => {
    const tab = await open();
    await tab.run(() => {
      setTimeout(() => {
        void mcxTrack("goodbye");
        location.href = "next.html";
      });
    });
    await stage.logged(1);
  });

  test("events of a page that listens for unload arrive, though a request is under way", async () => {
    const tab = await open();
    await tab.run(() => {
      addEventListener("unload", () => undefined);
      setTimeout(() => {
        void mcxTrack("first");
        setTimeout(() => {
          void mcxTrack("goodbye");
          location.href = "next.html";
        }, 21);
      });
    });
    await stage.logged(2);
  });

  test("a page comes back from the back/forward cache, and what it did before and does after arrives once", async () => {
    const tab = await open();
    await tab.run(() => mcxTrack("before"));
    await leaveAndReturn(tab);
    expect(await tab.run(() => mcxTrack("after"))).toMatchObject({ state: "accepted" });
    const events = await stage.logged(2);
    expect(events.map(({ eventKey }) => eventKey)).toEqual(["before", "after"]);
    expect(stage.sent()).toBe(2);
  });

  test("a page that went into the back/forward cache with a request under way sends on when it is back", async () => {
    stage.proxy.break("hang");
    const tab = await open();
    await tab.run(() => void mcxTrack("before"));
    await requested();
    await leaveAndReturn(tab, () => stage.proxy.break());
    await tab.run(() => void mcxTrack("after"));
    const events = await stage.logged(2);
    expect(events.map(({ eventKey }) => eventKey).sort()).toEqual(["after", "before"]);
  });

  test("events of a page without a network arrive once, when there is one again", async () => {
    const tab = await open();
    await tab.run(() => mcxTrack("ready"));
    stage.proxy.break("drop");
    await tab.run(() => {
      for (let n = 0; n < 20; n++) void mcxTrack("order", { n });
    });
    await until(() => stage.proxy.posts().length > 1);
    stage.proxy.break();
    await tab.run(() => void dispatchEvent(new Event("online")));
    await stage.logged(21);
    expect(stage.sent()).toBe(21);
  });

  test("two tabs send each of their events once", async () => {
    const both = [await open(), await open()];
    for (let round = 0; round < 5; round++)
      for (const tab of both)
        await tab.run(() => {
          for (let n = 0; n < 4; n++) void mcxTrack(n % 2 ? "odd" : "even", { n });
        });
    await stage.logged(40);
    expect(stage.sent()).toBe(40);
  });

  test("another tab takes over what a tab that is gone has left in storage", async () => {
    stage.proxy.break({ status: 503, headers: { "retry-after": "3600" } });
    const gone = await open();
    await gone.run(() => void mcxTrack("order", { n: 1 }));
    await requested();
    await gone.goto(next());
    stage.proxy.break();
    // Longer than a lease.
    await sleep(3100);
    const heir = await open();
    await heir.run(() => void mcxTrack("order", { n: 2 }));
    await stage.logged(2);
    expect(stage.sent()).toBe(2);
  });

  test("a sign-out that clears the storage, in this tab or another, loses and doubles nothing", async () => {
    stage.proxy.break("drop");
    const [tab, other] = [await open(), await open()];
    await tab.run(() => void mcxTrack("order", { n: 1 }));
    await requested();
    await other.run(() => localStorage.clear());
    await tab.run(() => void mcxTrack("order", { n: 2 }));
    await tab.run(() => localStorage.clear());
    stage.proxy.break();
    await tab.run(() => void dispatchEvent(new Event("online")));
    await stage.logged(2);
    expect(stage.sent()).toBe(2);
  });
}
