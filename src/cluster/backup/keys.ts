/** What a backup's secrets are encrypted with, and where those keys are kept. */
import { existsSync } from "node:fs";
import type { Entry } from "#store/store";
import { createFile } from "../encryption/key-file.ts";
import { isOwn, keyIdOf, keyIdsOf } from "../encryption/key-ids.ts";
import { isMarker } from "../encryption/marker.ts";
import { addKeys, type KeyFile, ownKeysPath, readKeyFile } from "../encryption/own-keys.ts";
import { StepFailed } from "../steps.ts";

/** Stands beside a backup. */
export const keysBeside = (file: string): string => `${file}.keys`;

/** Names of the keys that entries need to be read, as each is looked at. */
export class NeededKeys {
  readonly #all = new Set<string>();

  add(entry: Entry): void {
    const keyId = neededBy(entry);
    if (keyId !== undefined) this.#all.add(keyId);
  }

  /** Those that a cluster has made for itself. */
  get own(): readonly string[] {
    return [...this.#all].filter(isOwn).toSorted();
  }

  /** Those of a configuration that somebody wrote, and keeps. */
  get others(): readonly string[] {
    return [...this.#all].filter((keyId) => !isOwn(keyId)).toSorted();
  }
}

export const neededBy = (entry: Entry): string | undefined =>
  isMarker(entry.key) ? new TextDecoder().decode(entry.value) : keyIdOf(entry);

/** The keys that are needed and that a file has not. */
const missingIn = (needed: readonly string[], file: KeyFile | undefined): readonly string[] => {
  const there = file && keyIdsOf(file.configuration);
  return needed.filter((keyId) => !there?.has(keyId));
};

/** Puts a copy of the cluster's keys beside its backup, where secrets need them. Gives the copy's path. */
export async function keepKeys(
  backup: string,
  { own }: NeededKeys,
  pkiDir: string,
): Promise<string | undefined> {
  if (own.length === 0) return undefined;
  const file = await readKeyFile(ownKeysPath(pkiDir));
  const missing = missingIn(own, file);
  if (missing.length > 0) {
    throw new StepFailed(
      `secrets are encrypted with ${missing.join(", ")}, which is not in ${ownKeysPath(pkiDir)}`,
      "name the folder of the server's keys with --cert-dir, or leave them out with --without-keys",
    );
  }
  const beside = keysBeside(backup);
  if (!(await createFile(beside, file!.text)))
    throw new StepFailed(`${beside} is there already`, "choose another name, or remove it first");
  return beside;
}

/** Gives the cluster the keys that a backup needs, beside its own. Throws StepFailed where they are not to be found. */
export async function bringKeys(
  backup: string,
  { own }: NeededKeys,
  { pkiDir, keys }: { readonly pkiDir: string; readonly keys?: string },
): Promise<void> {
  const path = ownKeysPath(pkiDir);
  const lacking = missingIn(own, await readKeyFile(path));
  if (lacking.length === 0) return;
  const source = keys ?? keysBeside(backup);
  if (keys !== undefined && !existsSync(keys))
    throw new StepFailed(`there is no ${keys}`, "name another file");
  const found = await readKeyFile(source);
  const missing = missingIn(lacking, found);
  if (missing.length > 0) {
    throw new StepFailed(
      `secrets of the backup are encrypted with ${missing.join(", ")}, which is neither in ${path} nor in ${source}`,
      `name the file that was kept with the backup with --keys, or do without these secrets with --without-keys`,
    );
  }
  await addKeys(path, found!, lacking);
}

/** The keys that a backup needs and the cluster has not. */
export const notFound = async ({ own }: NeededKeys, pkiDir: string): Promise<ReadonlySet<string>> =>
  new Set(missingIn(own, await readKeyFile(ownKeysPath(pkiDir))));
