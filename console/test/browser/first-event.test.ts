/** Seed 000's procedure word for word, from an empty folder to a first event that is seen and explained. */
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { ask, EMAIL, faultsByAxe, PASSWORD, useStage } from "./harness";

const stage = useStage();
const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name });

/** Runs what a reader copied, as it stands, in the environment that its first line may ask for. */
function run(language: string, text: string): string {
  const [command, ...options] = {
    curl: ["bash", "-c"],
    Python: [process.env["PYTHON"] ?? "python3", "-c"],
    Node: ["node", "-e"],
  }[language] as string[];
  return execFileSync(command as string, [...options, text], {
    timeout: 30_000,
    env: {
      ...process.env,
      ...Object.fromEntries(
        [...text.matchAll(/run with the environment (\w+)=(.+)/g)].map(([, name, value]) => [name, value]),
      ),
    },
  }).toString();
}

async function add(page: Page, name: string, type: string): Promise<void> {
  await page.goto("/connections/new");
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("radio", { name: type }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await heading(page, name).waitFor();
}

describe.sequential("from an empty folder", () => {
  test("a wrong password is refused beside the form, and the right one opens the page that was asked for", async () => {
    stage.expected = [/401/];
    const page = await stage.page({ person: null });
    await page.goto("/events?fate=parked");
    await page.getByLabel("Email").fill(EMAIL());
    await page.getByLabel("Password", { exact: true }).fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    expect(await faultsByAxe(page)).toEqual([]);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD());
    await page.keyboard.press("Enter");
    await heading(page, "Events").waitFor();
    expect(new URL(page.url()).search).toBe("?fate=parked");
    await page.getByText("Nothing matches").waitFor();
  });

  test("empty pages say what they are for and what comes next", async () => {
    const page = await stage.page();
    await page.goto("/");
    await page.getByText("From the first event to an outcome").waitFor();
    const steps = page.getByRole("region", { name: "From the first event to an outcome" }).getByRole("listitem");
    expect(await steps.count()).toBe(6);
    expect(await steps.filter({ hasText: "done" }).count()).toBe(0);
    await page.goto("/connections");
    await page.getByText("Connect your app").waitFor();
    await page.goto("/events");
    await page.getByText("No event yet").waitFor();
    await page.goto("/companies");
    await page.getByText("No company yet").waitFor();
  });

  test("the guide's steps lead to a connection, its keys, and snippets that run as they are pasted", async () => {
    const page = await stage.page();
    await page.goto("/");
    await page.getByRole("navigation").getByRole("link", { name: "Reactor" }).click();
    await page.locator("main").getByRole("link", { name: "Connections" }).click();
    await page.getByRole("button", { name: "Manage Connections" }).click();
    await page.getByRole("menuitem", { name: "Add Connection" }).click();
    await heading(page, "New Connection").waitFor();
    await page.getByLabel("Name", { exact: true }).fill("Test Env shop");
    await page.getByRole("radio", { name: "Generate Event Handler on Save" }).check();
    await page.reload();
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Test Env shop");
    await page.getByRole("button", { name: "Save" }).click();
    await heading(page, "Test Env shop").waitFor();
    await page.getByRole("button", { name: "Show Keys" }).click();
    await page.getByLabel("Client ID", { exact: true }).waitFor();
    await page.getByLabel("Client Secret", { exact: true }).waitFor();
    for (const language of ["curl", "Python", "Node"]) {
      await page.getByRole("tab", { name: language }).click();
      const text = await page.locator(`[data-snippet="${language}"]`).innerText();
      expect(run(language, text)).toContain("requestId");
    }
  });

  test("a test event is sent, answered 202, met its fate, and its way is explained", async () => {
    const page = await stage.page();
    await page.goto("/connections");
    await page.getByRole("link", { name: "Test Env shop" }).click();
    await page.getByRole("button", { name: "Send a test event" }).click();
    await page.getByText("Answered 202").waitFor();
    expect(await page.locator("[data-sent]").innerText()).toContain("authorization: Bearer ***");
    await page.getByRole("link", { name: "See its whole way" }).click();
    const detail = page.getByRole("region", { name: "Event", exact: true });
    await detail.getByText("New: it is processed once").waitFor();
    await detail.getByText("No signal is defined for this connection and event key.").waitFor();
    await detail.getByText('"acme-1"').waitFor();
  });

  test.each([
    ["Pages", "Generate Tracking Script on Save", "Show Tracking Script", 202],
    ["HubSpot", "Custom Events", "Show Keys", 201],
  ])("%s: its kind has keys of its own and a test event", async (name, type, act, status) => {
    const page = await stage.page();
    await add(page, name, type);
    await page.getByRole("button", { name: act }).click();
    await page.locator("[data-snippet]").first().waitFor();
    if (name === "HubSpot")
      for (const language of ["curl", "Python", "Node"]) {
        await page.getByRole("tab", { name: language }).click();
        expect(run(language, await page.locator(`[data-snippet="${language}"]`).innerText())).toContain("success");
      }
    await page.getByRole("button", { name: "Send a test event" }).click();
    await page.getByText(`Answered ${status}`).waitFor();
  });

  test("a machine's connection has a snippet that reads the API, and no test event", async () => {
    const page = await stage.page();
    await add(page, "Warehouse", "Generate Machine to Machine Connection on Save");
    await page.getByRole("button", { name: "Show Keys" }).click();
    expect(run("curl", await page.locator('[data-snippet="curl"]').innerText())).toContain('"items"');
    expect(await page.getByRole("button", { name: "Send a test event" }).count()).toBe(0);
  });

  test("the tracking script, pasted into a page with its example, sends an event", async () => {
    const page = await stage.page();
    const connections = await ask<{ items: { id: string; name: string }[] }>(page, "GET", "/api/connections");
    const id = connections.items.find(({ name }) => name === "Pages")?.id as string;
    await page.goto(`/connections/${id}`);
    await page.getByRole("button", { name: "Show Tracking Script" }).click();
    const text = await page.locator('[data-snippet="Web page"]').innerText();
    const shop = createServer((_request, answer) => answer.setHeader("content-type", "text/html").end(`<body>${text}`));
    await new Promise<void>((resolve) => shop.listen(0, "127.0.0.1", resolve));
    const site = await page.context().newPage();
    const answered = site.waitForResponse((response) => response.request().method() === "POST" && response.ok());
    await site.goto(`http://127.0.0.1:${(shop.address() as AddressInfo).port}/`);
    await answered;
    shop.close();
    await page.goto(`/events?connection_id=${id}&event_key=logins`);
    await page.getByRole("listitem").first().getByText("logins").waitFor();
  });
});
