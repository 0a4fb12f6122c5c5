import { migrate } from "#cluster/backup/restore";
import { readSettings, writeSettings } from "#cluster/settings";
import { absoluteStore } from "#cluster/store-location";
import { clusterOptions, clusterPlaces, expectNone } from "./cluster-options.ts";
import { jsonText, outputOption, wantsJson } from "./output-format.ts";
import { forceOf, forceOption } from "./restore.ts";
import { storeNamed, storeOf } from "./store-option.ts";
import { UsageError, type Verb, type VerbTable } from "./verb.ts";

const migrateVerb: Verb = {
  usage: "k8ts store migrate --to STORE [--from STORE] [--force] [--name NAME] [--data-dir DIR] [-o json]",
  summary: "Copies all objects of a stopped cluster to another store, which it uses from then on.",
  options: {
    to: {
      type: "string",
      value: "STORE",
      help: "disk, disk:DIRECTORY or etcd://HOST:PORT[,…][?ca=…&cert=…&key=…]",
    },
    from: { type: "string", value: "STORE", help: "by default the cluster's own" },
    ...forceOption,
    ...clusterOptions,
    output: outputOption,
  },
  async run(args, io) {
    expectNone(args);
    const [places, to, json] = [clusterPlaces(args), args.text("to"), wantsJson(args)];
    if (to === undefined) throw new UsageError("name the store to copy to with --to");
    const given = absoluteStore(to);
    const stores = { from: storeOf(args, places, "from"), to: storeNamed(given, "to") };
    const result = await migrate(places, stores, forceOf(args));
    const settings = readSettings(places);
    if (settings) await writeSettings(places, { ...settings, flags: { ...settings.flags, store: [given] } });
    const { entries, revision } = result;
    io.write(json ? jsonText(result) : `${entries} entries copied, the store is at revision ${revision}\n`);
    return 0;
  },
};

export const store: VerbTable = {
  name: "k8ts store",
  summary: "k8ts store: where a cluster keeps its objects.",
  verbs: {
    migrate: {
      summary: "copy a stopped cluster's objects to another store",
      load: () => Promise.resolve(migrateVerb),
    },
  },
};
