import { settingsOf } from "#cluster/local-settings";
import { containerdDaemon } from "#cluster/containerd/start";
import { pidOf } from "#cluster/daemon/daemon";
import type { NodePlaces } from "#cluster/places";
import { agentDaemon, serverDaemon } from "#cluster/daemons";
import { againOptions, clusterOf, clusterOptions, clusterPlaces, expectNone } from "./cluster-options.ts";
import { formatColumns } from "./columns.ts";
import { jsonText, outputOption, wantsJson } from "./output-format.ts";
import type { Verb } from "./verb.ts";

export const status: Verb = {
  usage: "k8ts status [-o json] [--name NAME] [--data-dir DIR]",
  summary: "Shows what of a cluster runs. The exit code is 1 when something does not.",
  options: { ...clusterOptions, output: outputOption },
  async run(args, io) {
    expectNone(args);
    const json = wantsJson(args);
    const places = clusterPlaces(args);
    const settings = settingsOf(places);
    const server = { pid: pidOf(serverDaemon(places)), url: `https://127.0.0.1:${settings.port}` };
    const nodes = settings.nodes.map((name) => nodeStatus(places.node(name)));
    const running = server.pid !== undefined && nodes.every(({ agent, containerd }) => agent && containerd);
    if (json) {
      const { name, port, uplink } = settings;
      io.write(jsonText({ name, running, port, uplink, kubeconfig: places.kubeconfig, server, nodes }));
      return running ? 0 : 1;
    }
    const rows = [
      ["control plane", stateText(server.pid), places.serverLog],
      ...nodes.flatMap((node) => [
        [node.name, stateText(node.agent), places.node(node.name).agentLog],
        [`${node.name} containerd`, stateText(node.containerd), places.node(node.name).containerdLog],
      ]),
    ];
    io.write(`${settings.name}: ${running ? "running" : "not running as a whole"}, ${server.url}\n\n`);
    io.write(formatColumns([["WHAT", "STATE", "LOG"], ...rows]));
    if (!running) io.write(`\nStart what is missing with: k8ts up${againOptions(clusterOf(args))}\n`);
    return running ? 0 : 1;
  },
};

interface NodeStatus {
  readonly name: string;
  /** Pids; undefined for what does not run. */
  readonly agent: number | undefined;
  readonly containerd: number | undefined;
}

const nodeStatus = (node: NodePlaces): NodeStatus => ({
  name: node.name,
  agent: pidOf(agentDaemon(node)),
  containerd: pidOf(containerdDaemon(node)),
});

const stateText = (pid: number | undefined): string =>
  pid === undefined ? "stopped" : `running, pid ${pid}`;
