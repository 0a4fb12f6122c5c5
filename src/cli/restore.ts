import { resolve } from "node:path";
import { type MigrateOptions, type RestoreResult, restore as readBackup } from "#cluster/backup/restore";
import { fileOf } from "./backup.ts";
import { clusterOptions, clusterPlaces } from "./cluster-options.ts";
import { jsonText, outputOption, wantsJson } from "./output-format.ts";
import { certDirOption, pkiDirOf, storeOf, storeOption } from "./store-option.ts";
import type { Arguments, Options, Verb } from "./verb.ts";

export const forceOption = {
  force: { type: "boolean", help: "replace what is there: on disk it is kept beside, in etcd it goes" },
  "ignore-servers": {
    type: "boolean",
    help: "do so in an etcd on which servers seem to work: what they write meanwhile is lost",
  },
} as const satisfies Options;

export const forceOf = (args: Arguments): MigrateOptions => ({
  force: args.flag("force"),
  ignoreServers: args.flag("ignore-servers"),
});

export const restore: Verb = {
  usage:
    "k8ts restore FILE [--store STORE] [--force] [--keys FILE] [--without-keys] [--cert-dir DIR] [--name NAME] [--data-dir DIR] [-o json]",
  summary: "Puts the objects of a backup, or of a snapshot of etcd, into the store of a stopped cluster.",
  options: {
    ...storeOption,
    ...forceOption,
    keys: { type: "string", value: "FILE", help: "keys of its secrets, by default FILE.keys beside it" },
    "without-keys": { type: "boolean", help: "leave out the secrets whose keys are not there" },
    ...certDirOption,
    ...clusterOptions,
    output: outputOption,
  },
  async run(args, io) {
    const [file, places, json] = [fileOf(args), clusterPlaces(args), wantsJson(args)];
    const keys = args.text("keys");
    const result = await readBackup(places, storeOf(args, places), file, {
      ...forceOf(args),
      pkiDir: pkiDirOf(args, places),
      withoutKeys: args.flag("without-keys"),
      ...(keys === undefined ? {} : { keys: resolve(keys) }),
    });
    io.write(json ? jsonText(result) : told(result));
    return 0;
  },
};

function told({ entries, revision, replaced, leftOut }: RestoreResult): string {
  const lines = [`${entries} entries are back, the store is at revision ${revision}`];
  if (leftOut !== undefined) lines.push(`${leftOut} were left out, as the keys to read them are not there`);
  if (replaced !== undefined) lines.push(`What was there before is in ${replaced}`);
  return `${lines.join("\n")}\n`;
}
