/** The frame: keys, the palette, roles, two people at one connection, a session that ends, a slow API, axe, calls. */
import { beforeAll, describe, expect, test } from "vitest";
import { ask, callsOf, EMAIL, faultsByAxe, PASSWORD, useStage } from "./harness";

const stage = useStage();
let id: string;
let company: string | undefined;
let event: string | undefined;

beforeAll(async () => {
  const page = await stage.page();
  id = (await ask<{ id: string }>(page, "POST", "/api/connections", { name: "Frame", kind: "tracking-script" })).id;
  await ask(page, "POST", `/api/connections/${id}/test-event`);
  company = (await ask<{ items: { id: string }[] }>(page, "GET", "/api/companies?limit=1")).items[0]?.id;
  event = (await ask<{ items: { id: string }[] }>(page, "GET", "/api/events?limit=1")).items[0]?.id;
});

const pages = (): [string, number][] => [
  ["/", 2],
  ["/reactor", 2],
  ["/connections", 3],
  ["/connections/new", 2],
  [`/connections/${id}`, 2],
  [`/connections/${id}?tab=incoming`, 5],
  [`/connections/${id}?tab=settings`, 2],
  ["/events", 4],
  [`/events?event=${event}`, 5],
  ["/events?tab=refused", 3],
  ["/portfolio", 2],
  ["/companies", 2],
  [`/companies/${company}`, 4],
];

describe.sequential("the frame", () => {
  test.each([
    ["light", 1440],
    ["dark", 390],
  ])("axe finds nothing on any page: %s, %d pixels wide", async (theme, width) => {
    const page = await stage.page({ dark: theme === "dark", width });
    const found: string[] = [];
    for (const [path] of pages()) {
      await page.goto(path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForFunction(() => !document.querySelector('[role=status][aria-label="Loading"]'));
      found.push(...(await faultsByAxe(page)).map((fault) => `${path}: ${fault}`));
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow, `${path} is wider than the window`).toBeLessThanOrEqual(0);
    }
    expect(found).toEqual([]);
  });

  test("no page asks for more than six things to open, and none grows with what there is", async () => {
    const asked: Record<string, number> = {};
    const page = await stage.page();
    for (const [path, most] of pages()) {
      const calls = (await callsOf(page, path)).filter((call) => call !== "GET /api/jobs");
      asked[path] = calls.length;
      expect(calls.length, `${path}: ${calls.join(", ")}`).toBeLessThanOrEqual(most);
    }
    expect(Math.max(...Object.values(asked))).toBeLessThanOrEqual(6);
  });

  test("⌘K finds pages, acts and connections by keyboard alone; ? lists the keys; g and a letter lead to pages", async () => {
    const page = await stage.page();
    await page.goto("/");
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill("frame");
    await page.getByRole("option", { name: /Frame/ }).waitFor();
    expect(await faultsByAxe(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Frame" }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("g");
    await page.keyboard.press("e");
    await page.getByRole("heading", { level: 1, name: "Events" }).waitFor();
    await page.keyboard.press("/");
    expect(await page.evaluate(() => document.activeElement?.hasAttribute("data-page-search"))).toBe(true);
  });

  test("a viewer is not offered what a viewer may not do", async () => {
    const viewer = { email: "viewer@example.com", password: "a viewer's password" };
    await ask(await stage.page(), "POST", "/api/users", { ...viewer, role: "viewer" });
    const page = await stage.page({ person: viewer });
    await page.goto("/connections");
    await page.getByRole("link", { name: "Frame" }).waitFor();
    expect(await page.getByRole("button", { name: "Manage Connections" }).count()).toBe(0);
    await page.getByRole("link", { name: "Frame" }).click();
    await page.getByText("Only an admin sees keys.").waitFor();
    expect(await page.getByRole("button", { name: "Send a test event" }).count()).toBe(0);
    await page.getByRole("tab", { name: "Settings" }).click();
    expect(await page.getByLabel("Name", { exact: true }).isDisabled()).toBe(true);
    await page.goto("/connections/new");
    await page.getByText("Only an admin can add a connection.").waitFor();
  });

  test("two people at one connection: the later one sees both versions, and nothing is overwritten unseen", async () => {
    stage.expected = [/412/];
    const [first, second] = [await stage.page(), await stage.page()];
    for (const page of [first, second]) {
      await page.goto(`/connections/${id}?tab=settings`);
      await page.getByLabel("Name", { exact: true }).waitFor();
    }
    await first.getByLabel("Name", { exact: true }).fill("Frame of the first");
    await first.getByRole("button", { name: "Save" }).click();
    await first.getByText("Saved").waitFor();
    await second.getByLabel("Name", { exact: true }).fill("Frame of the second");
    await second.getByRole("button", { name: "Save" }).click();
    const both = second.getByRole("alert");
    await both.getByRole("cell", { name: "Frame of the first" }).waitFor();
    await both.getByRole("cell", { name: "Frame of the second" }).waitFor();
    const there = await ask<{ name: string }>(first, "GET", `/api/connections/${id}`);
    expect(there.name).toBe("Frame of the first");
    await second.getByRole("button", { name: "Write mine over it" }).click();
    await second.getByText("Saved").waitFor();
    expect((await ask<{ name: string }>(first, "GET", `/api/connections/${id}`)).name).toBe("Frame of the second");
  });

  test("a refused change says so at its field, and nothing typed is lost", async () => {
    stage.expected = [/400/];
    const page = await stage.page();
    await page.goto(`/connections/${id}?tab=settings`);
    await page.getByLabel(/Pages that may send/).fill("shop.example.com");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText(/is not an origin like/).waitFor();
    await page.reload();
    expect(await page.getByLabel(/Pages that may send/).inputValue()).toBe("shop.example.com");
  });

  test("a session that ends elsewhere asks for the password over the page, which stays as it was", async () => {
    stage.expected = [/401/];
    const page = await stage.page();
    await page.goto("/connections/new");
    await page.getByLabel("Name", { exact: true }).fill("Typed before");
    await page.context().request.delete("/api/session");
    await page.getByRole("button", { name: "Save" }).click();
    const dialog = page.getByRole("dialog", { name: "You are signed out" });
    await dialog.getByLabel("Email").fill(EMAIL());
    await dialog.getByLabel("Password", { exact: true }).fill(PASSWORD());
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Typed before");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { level: 1, name: "Typed before" }).waitFor();
  });

  test("a slow API shows the shape of what comes, and a failing one says so with a way to try again", async () => {
    stage.expected = [/503/];
    const page = await stage.page();
    let mode: "slow" | "failing" | "well" = "slow";
    await page.route("**/api/connections?*", async (route) => {
      if (mode === "slow") await new Promise((resolve) => setTimeout(resolve, 2000));
      const body = JSON.stringify({ title: "Busy", status: 503, code: "unavailable", detail: "Busy.", faults: [] });
      return mode === "failing"
        ? route.fulfill({ status: 503, contentType: "application/problem+json", body })
        : route.continue();
    });
    await page.goto("/connections");
    await page.getByRole("status", { name: "Loading" }).waitFor();
    await page.getByRole("link", { name: "Frame of the second" }).waitFor();
    mode = "failing";
    await page.reload();
    await page.getByText("Busy.").waitFor({ timeout: 30_000 });
    mode = "well";
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("link", { name: "Frame of the second" }).waitFor();
  });

  test("an address that the console does not have says so within it", async () => {
    const page = await stage.page();
    await page.goto("/connections/x/y");
    await page.getByText("There is no such page").waitFor();
  });
});
