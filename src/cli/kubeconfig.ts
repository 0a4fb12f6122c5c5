import { readFileSync } from "node:fs";
import { settingsOf } from "#cluster/local-settings";
import { clusterOptions, clusterPlaces, expectNone } from "./cluster-options.ts";
import type { Verb } from "./verb.ts";

export const kubeconfig: Verb = {
  usage: "k8ts kubeconfig [--raw] [--name NAME] [--data-dir DIR]",
  summary: "Prints the path of the cluster's kubeconfig: export KUBECONFIG=$(k8ts kubeconfig)",
  options: { raw: { type: "boolean", help: "print its content" }, ...clusterOptions },
  async run(args, io) {
    expectNone(args);
    const places = clusterPlaces(args);
    settingsOf(places);
    io.write(args.flag("raw") ? readFileSync(places.kubeconfig, "utf8") : `${places.kubeconfig}\n`);
    return 0;
  },
};
