import { resolve } from "node:path";
import { backup as writeBackup } from "#cluster/backup/backup";
import { clusterOptions, clusterPlaces } from "./cluster-options.ts";
import { jsonText, outputOption, wantsJson } from "./output-format.ts";
import { storeOf, storeOption } from "./store-option.ts";
import { type Arguments, UsageError, type Verb } from "./verb.ts";

export const backup: Verb = {
  usage: "k8ts backup FILE [--store STORE] [--name NAME] [--data-dir DIR] [-o json]",
  summary: "Writes all objects of a cluster to a file, as of one moment, while the cluster goes on.",
  options: { ...storeOption, ...clusterOptions, output: outputOption },
  async run(args, io) {
    const [file, places, json] = [fileOf(args), clusterPlaces(args), wantsJson(args)];
    const result = await writeBackup(places, storeOf(args, places), file);
    const { entries, revision } = result;
    io.write(json ? jsonText(result) : `${file}: ${entries} entries as of revision ${revision}\n`);
    return 0;
  },
};

/** The one word of the command line, as an absolute path. */
export function fileOf({ positionals, rest = [] }: Arguments): string {
  const [file, extra] = [...positionals, ...rest];
  if (file === undefined) throw new UsageError("name a file");
  if (extra !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(extra)}`);
  return resolve(file);
}
