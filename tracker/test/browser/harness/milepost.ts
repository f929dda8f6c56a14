/** A real Milepost on a data folder of its own, run by its own command and asked through its own API. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface LoggedEvent {
  eventKey: string;
  eventDateMs: number;
  isDuplicate: boolean;
  payload: Record<string, unknown>;
}

export interface Milepost {
  readonly apiUrl: string;
  /** The Analytics Key of a tracking-script connection that no test has used yet. */
  takeConnection(): string;
  /** All events of a connection, in the order of arrival. */
  events(analyticsKey: string): Promise<LoggedEvent[]>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

type LogRow = { event_key: string; event_date: string; fate: string; payload: Record<string, unknown> };
type Connection = { id: string; analyticsKey: string };

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const OWN_PYTHON = join(ROOT, ".venv/bin/python");
const ADMIN = { email: "tracker@tests.example", password: "tracker-tests-only" };
const READY_MS = 60_000;

/** The interpreter with Milepost's dependencies: pytest says which it is, by hand it is the repository's own. */
const python = (): string => process.env["PYTHON"] ?? (existsSync(OWN_PYTHON) ? OWN_PYTHON : "python3");

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

export async function startMilepost(connections: number): Promise<Milepost> {
  const [apiPort, appPort] = [await freePort(), await freePort()];
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const appUrl = `http://127.0.0.1:${appPort}`;
  const data = mkdtempSync(join(tmpdir(), "milepost-tracker-"));
  const unused: Connection[] = [];
  const ids = new Map<string, string>();
  let child: ChildProcess | undefined;
  let log = "";
  let cookie = "";

  const start = async () => {
    const options = ["serve", "--data", data, "--api-port", `${apiPort}`, "--app-port", `${appPort}`, "--tls", "off"];
    const env = {
      ...process.env,
      PYTHONPATH: join(ROOT, "src"),
      MILEPOST_ADMIN_EMAIL: ADMIN.email,
      MILEPOST_ADMIN_PASSWORD: ADMIN.password,
    };
    child = spawn(python(), ["-c", "from milepost.cli import main; main()", ...options], { env });
    child.stderr?.on("data", (part) => (log += part));
    const end = Date.now() + READY_MS;
    while (!(await isReady(apiUrl))) {
      if (child.exitCode != null || Date.now() > end)
        throw new Error(`Milepost did not become ready:\n${log.slice(-3000)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  const stop = async () => {
    const ended = new Promise((resolve) => child?.once("exit", resolve));
    child?.kill("SIGTERM");
    await ended;
  };

  const call = async (path: string, body?: object): Promise<Response> => {
    const post = body && { method: "POST", body: JSON.stringify(body) };
    const response = await fetch(`${appUrl}/api${path}`, {
      ...post,
      headers: { "content-type": "application/json", cookie },
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  };

  /** Workers learn of a new connection within a second; until then its key is unknown to them. */
  const isKnown = async (connectionId: string): Promise<boolean> => {
    const body = JSON.stringify({ connectionId, eventKey: "probe", data: [] });
    return (await fetch(`${apiUrl}/analytics`, { method: "POST", body })).status == 400;
  };

  await start();
  cookie = (await call("/session", ADMIN)).headers.get("set-cookie")?.split(";")[0] ?? "";
  for (let n = 0; n < connections; n++) {
    const made = (await (
      await call("/connections", { name: `Test ${n}`, kind: "tracking-script" })
    ).json()) as Connection;
    unused.push(made);
    ids.set(made.analyticsKey, made.id);
  }
  while (!(await isKnown(unused.at(-1)?.analyticsKey ?? ""))) await new Promise((resolve) => setTimeout(resolve, 50));

  return {
    apiUrl,
    takeConnection() {
      const taken = unused.pop();
      if (!taken) throw new Error(`The tests of this file use more than ${connections} connections.`);
      return taken.analyticsKey;
    },
    async events(analyticsKey) {
      const rows: LogRow[] = [];
      for (let cursor: string | null = ""; cursor != null;) {
        const query = new URLSearchParams({ connection_id: ids.get(analyticsKey) ?? "", limit: "500" });
        if (cursor) query.set("cursor", cursor);
        const page = (await (await call(`/events?${query}`)).json()) as { items: LogRow[]; next: string | null };
        rows.push(...page.items);
        cursor = page.next;
      }
      return rows.reverse().map(({ event_key, event_date, fate, payload }) => ({
        eventKey: event_key,
        eventDateMs: Date.parse(event_date),
        isDuplicate: fate == "duplicate",
        payload,
      }));
    },
    async restart() {
      await stop();
      await start();
    },
    async stop() {
      await stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

async function isReady(apiUrl: string): Promise<boolean> {
  try {
    return (await fetch(`${apiUrl}/ready`)).ok;
  } catch {
    return false;
  }
}
