/** Starts the control plane under test and knows how to reach it. */
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { Client } from "#client/client";
import { HttpsTransport } from "#client/node/https-transport";
import { bundle, withCompileCache } from "./bundle.ts";
import { freePort, newFolder, pause, start, stop } from "./workspace.ts";

export interface Tls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Endpoint {
  readonly port: number;
  readonly tls: Tls;
}

export interface ControlPlane extends Endpoint {
  readonly pid: number;
  readonly folder: string;
  /** From the start of the process to the first good answer of /readyz over TLS. */
  readonly readyMs: number;
  readonly client: Client;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const POLL_MS = 5;
const READY_MS_MAX = 30_000;

let program: Promise<string> | undefined;

let nodeOptions: readonly string[] = [];

/** From now on control planes leave a CPU profile in this folder when they end. */
export const profileInto = (folder: string): void =>
  void (nodeOptions = ["--cpu-prof", `--cpu-prof-dir=${folder}`]);

/** On a new folder, or on one that a control plane has left. */
export async function startControlPlane(
  folder = newFolder("cluster"),
  { store = "" }: { readonly store?: string } = {},
): Promise<ControlPlane> {
  program ??= bundle("server.ts");
  const [file, port] = await Promise.all([program, freePort()]);
  const began = performance.now();
  const args = [...nodeOptions, file, folder, String(port), store];
  const child = start(process.execPath, args, "pipe", withCompileCache(file));
  const ready = once(createInterface({ input: child.stdout! }), "line");
  const ended = once(child, "exit").then(() => Promise.reject(new Error("the control plane ended")));
  ended.catch(() => undefined);
  const answered = firstAnswer(port, join(folder, "pki", "ca.crt")).then(() => performance.now());
  const readyMs = (await Promise.race([answered, ended])) - began;
  await Promise.race([ready, ended]);
  const read = (name: string) => readFileSync(join(folder, "pki", name), "utf8");
  const tls = { ca: read("ca.crt"), cert: read("admin.crt"), key: read("admin.key") };
  const transport = new HttpsTransport({
    servers: [`https://127.0.0.1:${port}`],
    tls,
    clock: systemClock,
    random: systemRandom,
  });
  return {
    pid: child.pid!,
    folder,
    port,
    readyMs,
    tls,
    client: new Client(transport),
    stop(signal) {
      transport.close();
      return stop(child, signal);
    },
  };
}

async function firstAnswer(port: number, authority: string): Promise<void> {
  for (const endMs = performance.now() + READY_MS_MAX; performance.now() < endMs; await pause(POLL_MS)) {
    if (existsSync(authority) && (await answers(port, readFileSync(authority, "utf8")))) return;
  }
  throw new Error(`no good answer of /readyz within ${READY_MS_MAX} ms`);
}

const answers = (port: number, ca: string): Promise<boolean> =>
  new Promise((resolve) => {
    const asked = request({ host: "127.0.0.1", port, path: "/readyz", ca, agent: false }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode === 200));
    });
    asked.on("error", () => resolve(false)).end();
  });
