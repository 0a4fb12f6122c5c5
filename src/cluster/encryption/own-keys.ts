/** The keys that a cluster makes for itself: a configuration in upstream's format, among its other keys. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type EncryptionConfiguration,
  parseEncryptionConfiguration,
} from "#apiserver/encryption/configuration";
import type { Random } from "#base/random";
import { formatYaml, parseYaml } from "#machinery/yaml";
import { StepFailed } from "../steps.ts";
import { createFile, replaceFile } from "./key-file.ts";
import { OWN_NAME } from "./key-ids.ts";

const KEY_BYTES = 32;
const NAME_DIGITS = 8;
const COMMENT = `# With this key the cluster's secrets are encrypted in its store: without it they cannot be read.
# All servers on one store have the same file.
`;

/** A file of keys that was read. */
export interface KeyFile {
  readonly path: string;
  readonly text: string;
  readonly configuration: EncryptionConfiguration;
}

/** The file as it is written: several providers of several kinds. */
interface Written {
  readonly resources: readonly {
    readonly resources: readonly string[];
    readonly providers: readonly Provider[];
  }[];
}
type Provider = Readonly<Record<string, unknown>>;

/** Where a cluster with these keys and certificates keeps those of its secrets. */
export const ownKeysPath = (pkiDir: string): string => join(pkiDir, "encryption.yaml");

/** Undefined when there is none. Throws StepFailed for one that cannot be used. */
export async function readKeyFile(path: string): Promise<KeyFile | undefined> {
  if (!existsSync(path)) return undefined;
  const text = await readFile(path, "utf8");
  try {
    return { path, text, configuration: parseEncryptionConfiguration(text) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StepFailed(`${path} cannot be used: ${why}`, "put back the file that was there before", {
      cause,
    });
  }
}

/** Makes a new key, on disk when this resolves. A file that is there meanwhile is read instead. */
export async function makeKeyFile(path: string, random: Random): Promise<KeyFile> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await createFile(path, newKeys(random));
  return (await readKeyFile(path))!;
}

function newKeys(random: Random): string {
  const secret = random.bytes(KEY_BYTES);
  // Named after its content, so that keys of different clusters are never taken for each other.
  const name = OWN_NAME + createHash("sha256").update(secret).digest("hex").slice(0, NAME_DIGITS);
  return fileOf([providerWith("secretbox", name, secret), IDENTITY]);
}

const IDENTITY: Provider = { identity: {} };

const providerWith = (type: string, name: string, secret: Uint8Array): Provider => ({
  [type]: { keys: [{ name, secret: Buffer.from(secret).toString("base64") }] },
});

const fileOf = (providers: readonly Provider[]): string =>
  COMMENT + formatYaml({ ...KIND, resources: [{ resources: ["secrets"], providers }] });

const KIND = { apiVersion: "apiserver.config.k8s.io/v1", kind: "EncryptionConfiguration" };

/** What these keys have encrypted is read; what is written is not encrypted. */
export function readingOnly({ text }: KeyFile): string {
  const written = parseYaml(text) as Written;
  const resources = written.resources.map((entry) => ({
    ...entry,
    providers: [IDENTITY, ...entry.providers.filter((provider) => !("identity" in provider))],
  }));
  return formatYaml({ ...written, resources });
}

/**
 * Puts the keys of these names behind those that are in the file, or makes the file of them. Nothing else of `from` is
 * believed: it came with a backup, and could have the server ask a plugin of somebody's, or write other kinds otherwise.
 */
export async function addKeys(path: string, from: KeyFile, names: readonly string[]): Promise<void> {
  const providers = providersOf(from, new Set(names));
  const known = await readKeyFile(path);
  if (!known) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return replaceFile(path, fileOf([...providers, IDENTITY]));
  }
  const written = parseYaml(known.text) as Written;
  const place = written.resources.findIndex(({ resources }) => resources.some((name) => SECRETS.has(name)));
  const of = written.resources[place];
  const resources = of
    ? written.resources.with(place, { ...of, providers: [...of.providers, ...providers] })
    : [...written.resources, { resources: ["secrets"], providers: [IDENTITY, ...providers] }];
  await replaceFile(path, COMMENT + formatYaml({ ...written, resources }));
}

/** How entries for secrets may call them. */
const SECRETS: ReadonlySet<string> = new Set(["secrets", "*.", "*.*"]);

/** The keys of these names, each in a provider of its own. */
const providersOf = ({ configuration }: KeyFile, names: ReadonlySet<string>): readonly Provider[] =>
  configuration.resources.flatMap(({ providers }) =>
    providers.flatMap((provider) => {
      if (provider.type === "identity" || provider.type === "kms") return [];
      const { type, keys } = provider;
      return keys
        .filter(({ name }) => names.has(`${type}:${name}`))
        .map(({ name, secret }) => providerWith(type, name, secret));
    }),
  );
