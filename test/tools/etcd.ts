import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEtcdStore } from "#store/etcd/etcd-store";
import { eventually } from "./eventually.ts";

const ETCD = "/usr/bin/etcd";
export const ETCDCTL = "/usr/bin/etcdctl";
/** Why tests that need an etcd are left out; false where they can run. */
export const noEtcd = existsSync(ETCD) && existsSync(ETCDCTL) ? false : "there is no etcd on this machine";

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
export async function startEtcd({
  flags = {},
  scheme = "http",
  directory = mkdtempSync(join(tmpdir(), "k8ts-etcd-")),
  answers = answersPlainly,
}: EtcdOptions = {}): Promise<Etcd> {
  const [endpoint, peer] = [`127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const client = `${scheme}://${endpoint}`;
  const all = {
    "data-dir": directory,
    "listen-client-urls": client,
    "advertise-client-urls": client,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `default=${peer}`,
    "log-level": "error",
    ...flags,
  };
  const args = Object.entries(all).map(([name, value]) => `--${name}=${value}`);
  const begin = () => spawn(ETCD, args, { stdio: "ignore" });
  let child = begin();
  const kill = async () => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  const stop = async () => {
    await kill();
    rmSync(directory, { recursive: true });
  };
  const restart = async () => {
    await kill();
    child = begin();
    await eventually(() => answers(endpoint));
  };
  try {
    await eventually(() => answers(endpoint));
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, restart, stop };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
