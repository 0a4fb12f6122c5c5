/** etcd itself, one member on loopback without TLS: what it can write is what upstream's API server can write at most. */
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { openEtcdStore } from "#store/etcd/etcd-store";
import type { Store } from "#store/store";
import { freePort, newFolder, pause, start } from "../workspace.ts";

const ETCD = "/usr/bin/etcd";
const TRIES = 200;
const TRY_MS = 50;

/** Undefined where etcd is not installed. */
export async function startEtcd(): Promise<
  { readonly child: ChildProcess; readonly store: Store; readonly url: string } | undefined
> {
  if (!existsSync(ETCD)) return undefined;
  const [port, peerPort] = [await freePort(), await freePort()];
  const [client, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
  const flags = {
    "data-dir": newFolder("etcd"),
    "listen-client-urls": client,
    "advertise-client-urls": client,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `default=${peer}`,
    "log-level": "error",
  };
  const child = start(
    ETCD,
    Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    "ignore",
  );
  for (let tries = 1; ; tries++) {
    try {
      const store = await openEtcdStore({ endpoints: [`127.0.0.1:${port}`] });
      return { child, store, url: `etcd://127.0.0.1:${port}` };
    } catch (error) {
      if (tries === TRIES) throw error;
      await pause(TRY_MS);
    }
  }
}
