/** How a control plane's secrets are kept: by the file that was given, or else by a key that the cluster makes itself. */
import { Encryption, type EncryptionOptions } from "#apiserver/encryption/encryption";
import type { EncryptionConfiguration } from "#apiserver/encryption/configuration";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import { prefixEnd, type Store } from "#store/store";
import { liveAddresses } from "../live-servers.ts";
import { StepFailed } from "../steps.ts";
import { isOwn, keyIdOf, keyIdsOf, writerOf } from "./key-ids.ts";
import { type Marker, readMarker, writeMarker } from "./marker.ts";
import { type KeyFile, makeKeyFile, ownKeysPath, readingOnly, readKeyFile } from "./own-keys.ts";

const log = logger("encryption");

const SECRETS = "/registry/secrets/";
const PAGE_ENTRIES = 500;
/** Servers that start together on one store agree by turns. */
const AGREE_TRIES = 3;

export interface OpenEncryptionOptions {
  readonly flags: {
    readonly "encryption-provider-config"?: string;
    readonly "encryption-provider-config-automatic-reload"?: boolean;
    readonly "encrypt-secrets"?: boolean;
  };
  readonly store: Store;
  readonly pkiDir: string;
  /** By which others know this server. */
  readonly address: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly scope: Scope;
}

/** Empty: objects are stored as they are. */
interface Opened {
  readonly encryption?: Encryption;
  /** The same one, where it goes by the cluster's own file: then nobody else sees to it that what is stored follows. */
  readonly rewrites?: Encryption;
}

/**
 * Makes the cluster's own key where none is given. Throws EncryptionConfigurationError for a given file that cannot be used,
 * and StepFailed where the store holds secrets that could not be read.
 */
export async function openEncryption(options: OpenEncryptionOptions): Promise<Opened> {
  const { flags, store, pkiDir } = options;
  const given = flags["encryption-provider-config"];
  const isOn = flags["encrypt-secrets"] ?? true;
  if (given !== undefined) return { encryption: await openGiven(options, given) };
  const path = ownKeysPath(pkiDir);
  const known = await readKeyFile(path);
  if (!known && !isOn) {
    await agree(store, (marker) => withoutKey(store, marker, path, undefined));
    return {};
  }
  const file = known ?? (await firstKey(options, path));
  await agree(store, (marker) => {
    if (marker.keyId !== undefined && !keyIdsOf(file.configuration).has(marker.keyId)) {
      throw missing(marker.keyId, path);
    }
    return isOn ? writerOf(file.configuration) : marker.keyId;
  });
  const text = isOn ? file.text : readingOnly(file);
  const encryption = await Encryption.open({ ...around(options), configFile: path, text });
  return { encryption, rewrites: encryption };
}

const around = ({ clock, random, scope }: OpenEncryptionOptions): Omit<EncryptionOptions, "configFile"> => ({
  clock,
  random,
  scope,
});

/** What it says goes; only keys of the cluster's own, which nobody may know of, are not left behind with their secrets. */
async function openGiven(options: OpenEncryptionOptions, configFile: string): Promise<Encryption> {
  const { flags, store, pkiDir } = options;
  const reload = flags["encryption-provider-config-automatic-reload"] ?? false;
  const encryption = await Encryption.open({ ...around(options), configFile, reload });
  const { configuration } = encryption;
  await agree(store, async (marker) =>
    marker.keyId !== undefined && keyIdsOf(configuration).has(marker.keyId)
      ? (writerOf(configuration) ?? marker.keyId)
      : withoutKey(store, marker, ownKeysPath(pkiDir), configuration),
  );
  return encryption;
}

/** Made where nobody can have made another one. */
async function firstKey({ store, address, random }: OpenEncryptionOptions, path: string): Promise<KeyFile> {
  const { keyId } = await readMarker(store);
  if (keyId !== undefined) throw missing(keyId, path);
  const others = store.isShared ? (await liveAddresses(store)).filter((other) => other !== address) : [];
  if (others.length > 0) {
    throw new StepFailed(
      `other servers work on this store (${others.join(", ")}), and could not read what a new key encrypts`,
      `give all of them the same ${path}, or the same --encryption-provider-config, or --encrypt-secrets=false`,
    );
  }
  return makeKeyFile(path, random);
}

/** What the marker becomes for a server that cannot use its key. Throws StepFailed while there are secrets with an own one. */
async function withoutKey(
  store: Store,
  { keyId }: Marker,
  path: string,
  configuration: EncryptionConfiguration | undefined,
): Promise<string | undefined> {
  const next = configuration && writerOf(configuration);
  if (keyId === undefined || !(await isUsed(store, keyId))) return next;
  if (isOwn(keyId) || !configuration) throw missing(keyId, path);
  log.warn("secrets are encrypted with a key that is not configured", { key: keyId });
  return next;
}

async function isUsed(store: Store, keyId: string): Promise<boolean> {
  for (let start = SECRETS; ;) {
    const { entries, count } = await store.range(start, prefixEnd(SECRETS), { limit: PAGE_ENTRIES });
    if (entries.some((entry) => keyIdOf(entry) === keyId)) return true;
    if (count <= entries.length) return false;
    start = `${entries.at(-1)!.key}\0`;
  }
}

function missing(keyId: string, path: string): StepFailed {
  const next = isOwn(keyId)
    ? `put the ${path} there that the store's other servers have, or that belongs to its backup, or add its providers to the given --encryption-provider-config`
    : "start with the --encryption-provider-config that has it";
  return new StepFailed(`secrets in the store are encrypted with the key ${keyId}, which is not there`, next);
}

/** Writes down the key that is in use from now on. */
async function agree(
  store: Store,
  next: (marker: Marker) => Promise<string | undefined> | string | undefined,
): Promise<void> {
  for (let tries = 0; tries < AGREE_TRIES; tries++) {
    const marker = await readMarker(store);
    if (await writeMarker(store, marker, await next(marker))) return;
  }
  throw new StepFailed(
    "other servers change the key of the store's secrets at this moment",
    "start it again",
  );
}
