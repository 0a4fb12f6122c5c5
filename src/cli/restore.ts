import { restore as readBackup } from "#cluster/backup/restore";
import { fileOf } from "./backup.ts";
import { clusterOptions, clusterPlaces } from "./cluster-options.ts";
import { jsonText, outputOption, wantsJson } from "./output-format.ts";
import { storeOf, storeOption } from "./store-option.ts";
import type { Options, Verb } from "./verb.ts";

export const forceOption = {
  force: { type: "boolean", help: "replace what is there: on disk it is kept beside, in etcd it goes" },
} as const satisfies Options;

export const restore: Verb = {
  usage: "k8ts restore FILE [--store STORE] [--force] [--name NAME] [--data-dir DIR] [-o json]",
  summary: "Puts the objects of a backup, or of a snapshot of etcd, into the store of a stopped cluster.",
  options: { ...storeOption, ...forceOption, ...clusterOptions, output: outputOption },
  async run(args, io) {
    const [file, places, json] = [fileOf(args), clusterPlaces(args), wantsJson(args)];
    const result = await readBackup(places, storeOf(args, places), file, { force: args.flag("force") });
    const { entries, revision, replaced } = result;
    const aside = replaced === undefined ? "" : `What was there before is in ${replaced}\n`;
    io.write(
      json ? jsonText(result) : `${entries} entries are back, the store is at revision ${revision}\n${aside}`,
    );
    return 0;
  },
};
