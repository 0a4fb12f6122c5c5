import { resolve } from "node:path";
import { type BackupResult, backup as writeBackup } from "#cluster/backup/backup";
import { clusterOptions, clusterPlaces } from "./cluster-options.ts";
import { jsonText, outputOption, wantsJson } from "./output-format.ts";
import { certDirOption, pkiDirOf, storeOf, storeOption } from "./store-option.ts";
import { type Arguments, UsageError, type Verb } from "./verb.ts";

export const backup: Verb = {
  usage:
    "k8ts backup FILE [--store STORE] [--without-keys] [--cert-dir DIR] [--name NAME] [--data-dir DIR] [-o json]",
  summary: "Writes all objects of a cluster to a file, as of one moment, while the cluster goes on.",
  options: {
    ...storeOption,
    "without-keys": { type: "boolean", help: "do not write FILE.keys, by which its secrets can be read" },
    ...certDirOption,
    ...clusterOptions,
    output: outputOption,
  },
  async run(args, io) {
    const [file, places, json] = [fileOf(args), clusterPlaces(args), wantsJson(args)];
    const keysFrom = args.flag("without-keys") ? undefined : pkiDirOf(args, places);
    const result = await writeBackup(places, storeOf(args, places), file, { keysFrom });
    io.write(json ? jsonText(result) : told(result));
    return 0;
  },
};

function told({ file, entries, revision, keys, otherKeys }: BackupResult): string {
  const lines = [`${file}: ${entries} entries as of revision ${revision}`];
  if (keys !== undefined)
    lines.push(`${keys}: the keys of its secrets; keep it as safe as these are meant to be`);
  if (otherKeys)
    lines.push(`Some objects are encrypted with ${otherKeys.join(", ")}: keep that configuration, too.`);
  return `${lines.join("\n")}\n`;
}

/** The one word of the command line, as an absolute path. */
export function fileOf({ positionals, rest = [] }: Arguments): string {
  const [file, extra] = [...positionals, ...rest];
  if (file === undefined) throw new UsageError("name a file");
  if (extra !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(extra)}`);
  return resolve(file);
}
