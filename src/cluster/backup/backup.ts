/** A cluster's objects in one file, while it runs or not. */
import { createWriteStream, existsSync } from "node:fs";
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { SNAPSHOT_PATH } from "#apiserver/store-snapshot";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { parseKubeconfig } from "#client/kubeconfig";
import { HttpsTransport } from "#client/node/https-transport";
import type { ClusterPlaces } from "../places.ts";
import { StepFailed } from "../steps.ts";
import { openStore, type StoreLocation } from "../store-location.ts";
import { openSnapshotFile } from "#store/snapshot-file";
import { type Store, StoreLocked } from "#store/store";
import { Tally } from "#store/tally";

export interface BackupResult {
  readonly file: string;
  readonly entries: number;
  readonly revision: number;
}

/** The file appears when it is whole and has been read back. It is for its owner alone, as secrets are in it. */
export async function backup(
  places: ClusterPlaces,
  location: StoreLocation,
  file: string,
): Promise<BackupResult> {
  if (existsSync(file)) {
    throw new StepFailed(`${file} is there already`, "choose another name, or remove it first");
  }
  const part = `${file}.part`;
  try {
    await withSnapshot(places, location, (pieces) =>
      pipeline(pieces, createWriteStream(part, { mode: 0o600, flags: "wx", flush: true })),
    );
    const checked = await check(part);
    await rename(part, file);
    await syncDirectory(dirname(file));
    return { file, ...checked };
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** Reads all of it. Throws `Damaged`. */
async function check(file: string): Promise<Omit<BackupResult, "file">> {
  const snapshot = await openSnapshotFile(file);
  try {
    const tally = new Tally();
    for await (const entry of snapshot.entries) tally.add(entry);
    return { entries: tally.entries, revision: snapshot.heading.revision };
  } finally {
    snapshot.close();
  }
}

/** From the store itself; where a server has an embedded one open, from that server. */
async function withSnapshot(
  places: ClusterPlaces,
  location: StoreLocation,
  use: (pieces: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const options = { directory: places.store, clock: systemClock, random: systemRandom };
  if (location.type === "disk" && !existsSync(location.directory ?? places.store)) {
    throw new StepFailed(
      `there is no store in ${location.directory ?? places.store}`,
      "name one with --store",
    );
  }
  const store = await openUnlessLocked(location, options);
  if (store) await use(store.snapshot()).finally(() => store.close());
  else await withServer(places, async (transport) => use(await askServer(transport)));
}

/** Undefined where a server has it open. */
async function openUnlessLocked(...args: Parameters<typeof openStore>): Promise<Store | undefined> {
  try {
    return await openStore(...args);
  } catch (error) {
    if (error instanceof StoreLocked) return undefined;
    throw error;
  }
}

async function askServer(transport: HttpsTransport): Promise<AsyncIterable<Uint8Array>> {
  const { status, body } = await transport.raw({ method: "GET", path: SNAPSHOT_PATH });
  if (status === 200) return body;
  throw new Error(`the server answered ${status} when it was asked for a snapshot`);
}

async function withServer(
  places: ClusterPlaces,
  use: (transport: HttpsTransport) => Promise<void>,
): Promise<void> {
  const { clusters, users } = parseKubeconfig(await readFile(places.kubeconfig, "utf8"));
  const [cluster, user] = [clusters[0]!.cluster, users[0]!.user];
  const pem = (base64 = ""): string => Buffer.from(base64, "base64").toString();
  const transport = new HttpsTransport({
    servers: [cluster.server],
    tls: {
      ca: pem(cluster["certificate-authority-data"]),
      cert: pem(user["client-certificate-data"]),
      key: pem(user["client-key-data"]),
    },
    clock: systemClock,
    random: systemRandom,
  });
  await use(transport).finally(() => transport.close());
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  await directory.sync().finally(() => directory.close());
}
