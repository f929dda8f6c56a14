/** Companies as a manager uses them: found by name or key, one with its plan, a manual action ticked and unticked. */
import { beforeAll, describe, expect, test } from "vitest";
import { ask, faultsByAxe, useStage } from "./harness";

const stage = useStage();
let id: string;

beforeAll(async () => {
  const page = await stage.page();
  const keys = [{ key_space: "AccountID", value: "98765432109876543210" }];
  const draft = { name: "Initech", keys, attributes: { plan: "Team" } };
  id = (await ask<{ id: string }>(page, "POST", "/api/companies", draft)).id;
  await ask(page, "POST", "/api/companies", { name: "Hooli" });
  const milestone = await ask<{ id: string }>(page, "POST", "/api/milestones", {
    name: "Kicked off",
    actions: [{ kind: "manual", name: "Kick-off call held" }],
  });
  const outcome = await ask<{ id: string }>(page, "POST", "/api/outcomes", {
    name: "Up and running",
    milestones: [{ milestone_id: milestone.id, weight: 1 }],
  });
  await ask(page, "POST", `/api/outcomes/${outcome.id}/assign`, { company_ids: [id] });
});

describe.sequential("companies", () => {
  test("a company is found by a part of its name, and by a key of twenty digits", async () => {
    const page = await stage.page();
    await page.goto("/companies");
    const list = page.getByRole("list", { name: "Companies by name" });
    await list.getByRole("link", { name: "Hooli" }).waitFor();
    for (const text of ["inite", "98765432109876543210"]) {
      await page.getByLabel("Name or key").fill(text);
      await page.waitForURL((url) => url.searchParams.get("search") === text);
      await list.getByRole("link", { name: "Hooli" }).waitFor({ state: "detached" });
      await list.getByRole("link", { name: "Initech" }).waitFor();
    }
    await page.reload();
    await list.getByRole("link", { name: "Initech" }).click();
    await page.getByRole("heading", { level: 1, name: "Initech" }).waitFor();
    await page.getByLabel("Company", { exact: true }).getByText("98765432109876543210").waitFor();
    await page.goto("/companies?search=nobody");
    await page.getByText("Nothing matches").waitFor();
  });

  test("ticking the last action achieves milestone and outcome before one's eyes, and unticking takes it back", async () => {
    const page = await stage.page();
    await page.goto(`/companies/${id}`);
    const plan = page.getByRole("region", { name: "Success plan" });
    await plan.getByText("0 %", { exact: true }).waitFor();
    await plan.getByRole("checkbox", { name: "Kick-off call held" }).focus();
    await page.keyboard.press("Space");
    await plan.getByText("100 %", { exact: true }).waitFor();
    await expect.poll(() => plan.locator(".mark", { hasText: "achieved" }).count(), { timeout: 15_000 }).toBe(2);
    await page.getByRole("region", { name: "Timeline" }).getByText("Kicked off").first().waitFor();
    await plan.getByRole("checkbox", { name: "Kick-off call held" }).uncheck();
    await plan.getByText("0 %", { exact: true }).waitFor();
  });

  test("the portfolio counts it, and leads from a number to the companies behind it", async () => {
    const page = await stage.page();
    await page.goto("/portfolio");
    const outcomes = page.getByRole("region", { name: "Outcomes" });
    await outcomes.getByRole("link", { name: /on track 1/ }).click();
    const there = page.getByRole("region", { name: "Up and running" });
    await there.getByRole("link", { name: "Initech" }).waitFor();
    expect(await faultsByAxe(page)).toEqual([]);
    await outcomes.getByRole("link", { name: "Up and running" }).click();
    await page.waitForURL((url) => !url.searchParams.has("state"));
    await there.getByRole("link", { name: "Initech" }).click();
    await page.getByRole("heading", { level: 1, name: "Initech" }).waitFor();
  });

  test("a viewer sees the plan, and cannot tick", async () => {
    const viewer = { email: "reader@example.com", password: "a reader's password" };
    await ask(await stage.page(), "POST", "/api/users", { ...viewer, role: "viewer" });
    const page = await stage.page({ person: viewer });
    await page.goto(`/companies/${id}`);
    const plan = page.getByRole("region", { name: "Success plan" });
    await plan.getByText("Up and running").first().waitFor();
    expect(await plan.getByRole("checkbox", { name: "Kick-off call held" }).isDisabled()).toBe(true);
  });
});
