import manifest from "../../package.json" with { type: "json" };
import { VERSION } from "#cluster/version";
import { expectNone } from "./cluster-options.ts";
import { jsonText, outputOption, wantsJson } from "./output-format.ts";
import type { Verb } from "./verb.ts";

export const version: Verb = {
  usage: "k8ts version [-o json]",
  summary: "Prints the version of this program and of the API that it speaks.",
  options: { output: outputOption },
  async run(args, io) {
    expectNone(args);
    const versions = { k8ts: manifest.version, kubernetes: VERSION, node: process.version };
    if (wantsJson(args)) io.write(jsonText(versions));
    else io.write(`k8ts ${versions.k8ts}\nKubernetes ${versions.kubernetes}\nNode.js ${versions.node}\n`);
    return 0;
  },
};
