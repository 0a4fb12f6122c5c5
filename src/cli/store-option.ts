import { resolve } from "node:path";
import { readSettings } from "#cluster/settings";
import { parseServerFlags, serverFlags } from "#cluster/flags/server-flags";
import type { ClusterPlaces } from "#cluster/places";
import { parseStoreLocation, type StoreLocation } from "#cluster/store-location";
import { type Arguments, type Options, UsageError } from "./verb.ts";

export const storeOption = {
  store: {
    type: "string",
    value: serverFlags.store.value,
    help: `${serverFlags.store.help}; by default the cluster's own`,
  },
} as const satisfies Options;

export const certDirOption = {
  "cert-dir": {
    type: "string",
    value: serverFlags["cert-dir"].value,
    help: "the control plane's, by default the cluster's own",
  },
} as const satisfies Options;

/** Where the control plane's keys are, as an absolute path. */
export const pkiDirOf = (args: Arguments, places: ClusterPlaces): string =>
  resolve(
    args.text("cert-dir") ?? parseServerFlags(readSettings(places)?.flags ?? {})["cert-dir"] ?? places.pki,
  );

/** The store that is named, or the one that the cluster is on. */
export function storeOf(args: Arguments, places: ClusterPlaces, option = "store"): StoreLocation {
  const given = args.text(option);
  if (given !== undefined) return storeNamed(given, option);
  return parseServerFlags(readSettings(places)?.flags ?? {}).store ?? { type: "disk" };
}

/** Throws a UsageError. */
export function storeNamed(given: string, option: string): StoreLocation {
  try {
    return parseStoreLocation(given);
  } catch (error) {
    throw new UsageError(`--${option} ${given}: ${(error as Error).message}`);
  }
}
