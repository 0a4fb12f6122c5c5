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
import { keepKeys, keysBeside, NeededKeys } from "./keys.ts";
import { openStore, type StoreLocation } from "../store-location.ts";
import { openSnapshotFile } from "#store/snapshot-file";
import { type Store, StoreLocked } from "#store/store";
import { Tally } from "#store/tally";

export interface BackupResult {
  readonly file: string;
  readonly entries: number;
  readonly revision: number;
  /** Where the keys are by which its secrets can be read. */
  readonly keys?: string;
  /** Keys of a configuration that somebody wrote, which are not kept with it. */
  readonly otherKeys?: readonly string[];
}

export interface BackupOptions {
  /** Where the cluster's keys and certificates are; undefined: the keys of its secrets are left out. */
  readonly keysFrom: string | undefined;
}

/** The file appears when it is whole and has been read back. It is for its owner alone, as secrets are in it. */
export async function backup(
  places: ClusterPlaces,
  location: StoreLocation,
  file: string,
  { keysFrom }: BackupOptions,
): Promise<BackupResult> {
  for (const path of [file, keysBeside(file)].filter(existsSync)) {
    throw new StepFailed(`${path} is there already`, "choose another name, or remove it first");
  }
  const part = `${file}.part`;
  try {
    await withSnapshot(places, location, (pieces) =>
      pipeline(pieces, createWriteStream(part, { mode: 0o600, flags: "wx", flush: true })),
    );
    const { needed, ...checked } = await check(part);
    const keys = keysFrom === undefined ? undefined : await keepKeys(file, needed, keysFrom);
    await rename(part, file);
    await syncDirectory(dirname(file));
    return {
      file,
      ...checked,
      ...(keys === undefined ? {} : { keys }),
      ...(needed.others.length > 0 ? { otherKeys: needed.others } : {}),
    };
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** Reads all of it. Throws `Damaged`. */
async function check(file: string) {
  const snapshot = await openSnapshotFile(file);
  try {
    const [tally, needed] = [new Tally(), new NeededKeys()];
    for await (const entry of snapshot.entries) {
      tally.add(entry);
      needed.add(entry);
    }
    return { entries: tally.entries, revision: snapshot.heading.revision, needed };
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
