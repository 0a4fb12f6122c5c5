import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEtcdStore } from "#store/etcd/etcd-store";
import { debianProgram } from "./debian-package.ts";
import { eventually } from "./eventually.ts";

const ETCD = await debianProgram("etcd-server", "etcd");
export const ETCDCTL = await debianProgram("etcd-client", "etcdctl");

export interface Etcd {
  /** `127.0.0.1:PORT` */
  readonly endpoint: string;
  /** Ends it as a power cut would, and starts it again with what it has on disk. */
  restart(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

export interface EtcdOptions {
  /** More flags, such as those for TLS. */
  readonly flags?: Readonly<Record<string, string>>;
  /** How clients speak to it. */
  readonly scheme?: "http" | "https";
  /** Starts with what is there, as after `etcdctl snapshot restore`. */
  readonly directory?: string;
  /** Asked until it answers; by default without TLS. */
  readonly answers?: (endpoint: string) => Promise<unknown>;
}

const answersPlainly = async (endpoint: string): Promise<void> =>
  (await openEtcdStore({ endpoints: [endpoint] })).close();

/** A single etcd on loopback, ready to answer. */
export async function startEtcd(options: EtcdOptions = {}): Promise<Etcd> {
  const { answers = answersPlainly } = options;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const member = await Member.prepare("default", peer, `default=${peer}`, options);
  member.start();
  try {
    await eventually(() => answers(member.endpoint));
  } catch (error) {
    await member.remove();
    throw error;
  }
  return {
    endpoint: member.endpoint,
    async restart() {
      await member.kill();
      member.start();
      await eventually(() => answers(member.endpoint));
    },
    stop: () => member.remove(),
  };
}

/** Members of one cluster on loopback, ready to answer; their owner removes each. */
export async function startEtcdMembers(count: number): Promise<readonly Member[]> {
  const peers = await Promise.all(
    Array.from({ length: count }, async (_each, at) => [`m${at}`, `http://127.0.0.1:${await freePort()}`]),
  );
  const cluster = peers.map((pair) => pair.join("=")).join(",");
  const members = await Promise.all(
    peers.map(([name = "", peer = ""]) => Member.prepare(name, peer, cluster, {})),
  );
  for (const member of members) member.start();
  await Promise.all(members.map(({ endpoint }) => eventually(() => answersPlainly(endpoint))));
  return members;
}

/** One etcd process. */
export class Member {
  /** `127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly #directory: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(endpoint: string, directory: string, args: readonly string[]) {
    this.endpoint = endpoint;
    this.#directory = directory;
    this.#args = args;
  }

  static async prepare(
    name: string,
    peer: string,
    cluster: string,
    { flags = {}, scheme = "http", directory = mkdtempSync(join(tmpdir(), "k8ts-etcd-")) }: EtcdOptions,
  ): Promise<Member> {
    const endpoint = `127.0.0.1:${await freePort()}`;
    const client = `${scheme}://${endpoint}`;
    const all = {
      name,
      "data-dir": directory,
      "listen-client-urls": client,
      "advertise-client-urls": client,
      "listen-peer-urls": peer,
      "initial-advertise-peer-urls": peer,
      "initial-cluster": cluster,
      "log-level": "error",
      ...flags,
    };
    const args = Object.entries(all).map(([flag, value]) => `--${flag}=${value}`);
    return new Member(endpoint, directory, args);
  }

  start(): void {
    this.#child = spawn(ETCD, this.#args, { stdio: "ignore" });
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true });
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
