import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { importArchive } from "#cluster/containerd/start";
import { StepFailed } from "#cluster/steps";
import { clusterOptions, clusterPlaces } from "./cluster-options.ts";
import { requireRoot } from "./root.ts";
import { runningNodes } from "./running-nodes.ts";
import { UsageError, type Verb } from "./verb.ts";

export const imageLoad: Verb = {
  usage: "k8ts image load FILE... [--name NAME] [--data-dir DIR]",
  summary: "Brings images to all nodes, from archives as `docker save` and OCI tools write them.",
  options: clusterOptions,
  async run(args, io) {
    if (args.positionals.length === 0) throw new UsageError("name the archive: k8ts image load FILE");
    const files = args.positionals.map((file) => resolve(file));
    const missing = files.find((file) => !existsSync(file));
    if (missing !== undefined)
      throw new StepFailed(`there is no file ${missing}`, "write one with: docker save IMAGE -o FILE");
    requireRoot("image load");
    const nodes = runningNodes(clusterPlaces(args));
    for (const file of files) {
      const loaded = await Promise.all(nodes.map((node) => importArchive(node, file)));
      for (const name of new Set(loaded.flat())) io.write(`${name} loaded\n`);
    }
    return 0;
  },
};
