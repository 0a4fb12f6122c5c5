/** Control planes without nodes, each a process of its own, on one store. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { HttpsTransport } from "#client/node/https-transport";
import { freePort } from "./etcd.ts";
import { parse } from "./kubeconfig.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
/** What servers of one cluster have in common. */
const SHARED_KEYS = /^(ca|front-proxy-ca|sa|encryption)\./;

export interface ServerProcessOptions {
  /** Everything of this server is below it. */
  readonly dir: string;
  readonly store: string;
  /** What the others are told; nobody sends to it. */
  readonly advertised: string;
  /** Takes its authorities from this one. */
  readonly like?: ServerProcess;
  readonly flags?: readonly string[];
}

export class ServerProcess {
  readonly url: string;
  readonly dir: string;
  readonly kubeconfig: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #said = "";

  private constructor(port: number, options: ServerProcessOptions) {
    const { dir, store, advertised, flags = [] } = options;
    this.url = `https://127.0.0.1:${port}`;
    this.dir = dir;
    this.kubeconfig = join(dir, "default", "kubeconfig");
    this.#args = [
      "server",
      `--data-dir=${dir}`,
      `--store=${store}`,
      `--cert-dir=${join(dir, "pki")}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${port}`,
      `--advertise-address=${advertised}`,
      ...flags,
    ];
  }

  static async start(options: ServerProcessOptions): Promise<ServerProcess> {
    const server = new ServerProcess(await freePort(), options);
    const pki = join(options.dir, "pki");
    mkdirSync(join(options.dir, "default"), { recursive: true });
    mkdirSync(pki, { recursive: true });
    const from = options.like && join(options.like.dir, "pki");
    for (const name of from ? readdirSync(from) : []) {
      if (SHARED_KEYS.test(name)) copyFileSync(join(from!, name), join(pki, name));
    }
    await server.start();
    return server;
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    this.#said = "";
    const child = spawn(process.execPath, [MAIN, ...this.#args], { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        this.#said = (this.#said + text).slice(-10_000);
        if (text.includes("control plane started")) resolve();
      });
      child.on("exit", (code, signal) =>
        reject(new Error(`the server ended with ${code ?? signal}: ${this.#said}`)),
      );
    });
  }

  /** Its last words. */
  get said(): string {
    return this.#said;
  }

  async end(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}

/** As the administrator, over any of these servers. */
export function transportTo(...servers: readonly ServerProcess[]): HttpsTransport {
  const { ca, cert, key } = parse(readFileSync(servers[0]!.kubeconfig, "utf8"));
  return new HttpsTransport({
    servers: servers.map(({ url }) => url),
    tls: { ca: ca.toString(), cert: cert.toString(), key: key.toString() },
    clock: systemClock,
    random: systemRandom,
  });
}
