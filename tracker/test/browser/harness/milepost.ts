/** A real Milepost on a data folder of its own: run by its own command, asked through its own API. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where a Milepost listens; the tests' own files share one. */
export interface Address {
  apiUrl: string;
  appUrl: string;
}

export interface Milepost extends Address {
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export const ADMIN = {
  email: process.env["TESTS_OF_MILEPOST_EMAIL"] ?? "tracker@tests.example",
  password: process.env["TESTS_OF_MILEPOST_PASSWORD"] ?? "tracker-tests-only",
};

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const OWN_PYTHON = join(ROOT, ".venv/bin/python");
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

async function isReady(apiUrl: string): Promise<boolean> {
  try {
    return (await fetch(`${apiUrl}/ready`)).ok;
  } catch {
    return false;
  }
}

export async function startMilepost(): Promise<Milepost> {
  const [apiPort, appPort] = [await freePort(), await freePort()];
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const data = mkdtempSync(join(tmpdir(), "milepost-tracker-"));
  let child: ChildProcess | undefined;
  let log = "";

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
      if (child.exitCode != null || Date.now() > end) throw new Error(`Milepost is not ready:\n${log.slice(-3000)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  const stop = async () => {
    const ended = new Promise((resolve) => child?.once("exit", resolve));
    child?.kill("SIGTERM");
    await ended;
  };

  await start();
  return {
    apiUrl,
    appUrl: `http://127.0.0.1:${appPort}`,
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
