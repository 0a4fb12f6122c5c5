import { nodeAgentOptions } from "#cluster/local-node";
import { startNodeAgent } from "#cluster/node-agent";
import { agentDaemon } from "#cluster/daemons";
import { clusterOptions, clusterPlaces, expectNone } from "./cluster-options.ts";
import { runDaemon } from "./daemon-verb.ts";
import { UsageError, type Verb } from "./verb.ts";

export const agent: Verb = {
  usage: "k8ts agent --node NODE [--name NAME] [--data-dir DIR]",
  summary: "Runs the agent of a node of a local cluster in the foreground, until SIGTERM.",
  options: { node: { type: "string", value: "NODE", help: "name of the node" }, ...clusterOptions },
  endsItself: true,
  async run(args, io) {
    expectNone(args);
    const node = args.text("node");
    if (node === undefined) throw new UsageError("name the node: k8ts agent --node NODE");
    const places = clusterPlaces(args);
    return runDaemon(io, agentDaemon(places.node(node)), (scope) =>
      startNodeAgent(nodeAgentOptions(places, node, scope)),
    );
  },
};
