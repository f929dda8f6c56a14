/** The event log as an engineer uses it: live, found, explained; refusals with the place of the fault. */
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { ask, useStage } from "./harness";

const stage = useStage();
/** A refusal is written within a second, and a busy machine takes its time. */
const SOON = { timeout: 30_000, interval: 1000 };
const rows = (page: Page) => page.getByRole("list", { name: "Events, newest first" }).getByRole("listitem");
let id: string;

const send = (page: Page, payload: object, event_key = "orders"): Promise<unknown> =>
  ask(page, "POST", `/api/connections/${id}/test-event`, { event_key, payload });

beforeAll(async () => {
  const page = await stage.page();
  const made = await ask<{ id: string }>(page, "POST", "/api/connections", { name: "Orders", kind: "event-handler" });
  id = made.id;
  await ask(page, "POST", "/api/signals", {
    name: "Large order",
    connection_id: id,
    event_key: "orders",
    company: { field: "account", key_space: "AccountID" },
    fields: [
      { name: "account", path: ["account"], type: "text" },
      { name: "amount", path: ["amount"], type: "number" },
    ],
    rules: {
      kind: "group",
      match: "all",
      members: [{ kind: "condition", field: "amount", operator: ">", value: 100 }],
    },
  });
});

describe.sequential("events", () => {
  test("an event appears by itself, with its numbers digit for digit", async () => {
    const page = await stage.page();
    await page.goto(`/events?connection_id=${id}`);
    await page.getByText("live", { exact: true }).waitFor();
    await page.evaluate(async (connection) => {
      const body = '{"event_key":"orders","payload":{"account":"acme","amount":250,"number":12345678901234567890}}';
      const headers = { "content-type": "application/json" };
      await fetch(`/api/connections/${connection}/test-event`, { method: "POST", headers, body });
    }, id);
    await rows(page).first().getByText("12345678901234567890").waitFor();
    await rows(page).first().getByRole("link").click();
    const detail = page.getByRole("region", { name: "Event", exact: true });
    await detail.getByText("12345678901234567890").waitFor();
    await detail.getByText("Large order").waitFor();
    await detail.getByRole("link", { name: "acme" }).click();
    await page.getByRole("heading", { level: 1, name: "acme" }).waitFor();
  });

  test("an event that made no signal says which rule stood against it", async () => {
    const page = await stage.page();
    await send(page, { account: "acme", amount: 5, note: "a small one" });
    await page.goto(`/events?connection_id=${id}&text=a+small+one`);
    await rows(page).first().getByRole("link").focus();
    await page.keyboard.press("Enter");
    const detail = page.getByRole("region", { name: "Event", exact: true });
    await detail.getByText("not emitted").waitFor();
    expect(await detail.innerText()).toMatch(/amount.*100/);
    await page.keyboard.press("Escape");
    await detail.waitFor({ state: "detached" });
    expect(new URL(page.url()).searchParams.get("text")).toBe("a small one");
  });

  test("a value of an event filters the log, and back leads to what was seen before", async () => {
    const page = await stage.page();
    await send(page, { account: "globex", amount: 7 });
    await page.goto(`/events?connection_id=${id}&text=globex`);
    await rows(page).first().getByRole("link").click();
    await page.getByRole("button", { name: "Filter by this account" }).click();
    expect(new URL(page.url()).searchParams.get("text")).toBe("globex");
    await page.getByRole("button", { name: "Clear filters" }).click();
    await page.waitForURL((url) => !url.searchParams.has("text"));
    await page.goBack();
    await page.waitForURL((url) => url.searchParams.get("text") === "globex");
  });

  test("while somebody reads, new events wait behind their number", async () => {
    const page = await stage.page();
    await page.goto(`/events?connection_id=${id}`);
    await page.getByText("live", { exact: true }).waitFor();
    await rows(page).first().getByRole("link").click();
    await send(page, { account: "acme", amount: 300, note: "behind" });
    await page.getByRole("button", { name: "1 new" }).click();
    await rows(page).first().waitFor();
    expect(await page.getByRole("button", { name: /new$/ }).count()).toBe(0);
  });

  test("a refusal is in its tab within a moment, with the place of the fault", async () => {
    const page = await stage.page();
    await send(page, { account: "acme" }, "with:colon");
    await page.goto(`/events?connection_id=${id}&tab=refused`);
    const group = page.getByRole("group").filter({ hasText: "1 time" });
    await expect
      .poll(async () => {
        if (!(await group.count())) await page.reload();
        return group.count();
      }, SOON)
      .toBe(1);
    await group.locator("summary").click();
    await group.locator("code", { hasText: "eventKey" }).waitFor();
  });

  test("arrow keys go through the list", async () => {
    const page = await stage.page();
    await page.goto(`/events?connection_id=${id}`);
    await rows(page).nth(1).getByRole("link").waitFor();
    await rows(page).first().getByRole("link").focus();
    await page.keyboard.press("ArrowDown");
    const focused = await page.evaluate(() => document.activeElement?.closest("[role=listitem]")?.textContent);
    expect(focused).toBe(await rows(page).nth(1).textContent());
  });
});
