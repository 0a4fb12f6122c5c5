import { deleteCluster } from "#cluster/down";
import { clusterOf, clusterOptions, expectNone } from "./cluster-options.ts";
import { requireRoot } from "./root.ts";
import { stepOutput } from "./step-output.ts";
import type { Verb } from "./verb.ts";

export const deleteVerb: Verb = {
  usage: "k8ts delete [--name NAME] [--data-dir DIR]",
  summary: "Stops a cluster and removes all its data: objects, images, certificates.",
  options: clusterOptions,
  async run(args, io) {
    expectNone(args);
    const choice = clusterOf(args);
    requireRoot("delete");
    await deleteCluster({ ...choice, output: stepOutput(io) });
    return 0;
  },
};
