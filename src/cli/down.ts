import { down as stopCluster } from "#cluster/down";
import { clusterOf, clusterOptions, expectNone } from "./cluster-options.ts";
import { requireRoot } from "./root.ts";
import { stepOutput } from "./step-output.ts";
import type { Verb } from "./verb.ts";

export const down: Verb = {
  usage: "k8ts down [--name NAME] [--data-dir DIR]",
  summary: "Stops everything of a cluster that runs. Objects, images and settings stay for the next up.",
  options: clusterOptions,
  async run(args, io) {
    expectNone(args);
    const choice = clusterOf(args);
    requireRoot("down");
    await stopCluster({ ...choice, output: stepOutput(io) });
    return 0;
  },
};
