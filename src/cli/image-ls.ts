import { imageNames } from "#cluster/containerd/start";
import { clusterOptions, clusterPlaces, expectNone } from "./cluster-options.ts";
import { jsonText, outputOption, wantsJson } from "./output-format.ts";
import { requireRoot } from "./root.ts";
import { runningNodes } from "./running-nodes.ts";
import { formatColumns } from "./columns.ts";
import type { Verb } from "./verb.ts";

export const imageLs: Verb = {
  usage: "k8ts image ls [-o json] [--name NAME] [--data-dir DIR]",
  summary: "Lists the images that the nodes have.",
  options: { ...clusterOptions, output: outputOption },
  async run(args, io) {
    expectNone(args);
    const json = wantsJson(args);
    requireRoot("image ls");
    const nodes = new Map<string, string[]>();
    for (const node of runningNodes(clusterPlaces(args))) {
      // Names by digest alone say nothing to a reader.
      const names = (await imageNames(node)).filter((name) => !name.startsWith("sha256:"));
      for (const name of names) nodes.set(name, [...(nodes.get(name) ?? []), node.name]);
    }
    const images = [...nodes].toSorted(([one], [other]) => (one < other ? -1 : 1));
    if (json) io.write(jsonText({ images: images.map(([name, on]) => ({ name, nodes: on })) }));
    else io.write(formatColumns([["IMAGE", "NODES"], ...images.map(([name, on]) => [name, on.join(",")])]));
    return 0;
  },
};
