/** What the agent of a node of a local cluster is started with, read from the cluster's settings. */
import type { Scope } from "#base/scope";
import { clusterCgroup } from "./cgroups.ts";
import { fabricOf } from "./local-fabric.ts";
import { settingsOf } from "./local-settings.ts";
import type { NodeAgentOptions } from "./node-agent.ts";
import type { ClusterPlaces } from "./places.ts";
import { StepFailed } from "./steps.ts";

export function nodeAgentOptions(places: ClusterPlaces, node: string, scope: Scope): NodeAgentOptions {
  const settings = settingsOf(places);
  const { name, port, podRange, serviceRange, clusterDomain, uplink } = settings;
  const { hostAddress, nodes } = fabricOf(settings);
  const found = nodes.find((each) => each.name === node);
  if (!found) {
    throw new StepFailed(
      `the cluster ${name} has no node ${node}`,
      `its nodes are: ${settings.nodes.join(", ")}`,
    );
  }
  return {
    places: places.node(node),
    address: found.address,
    server: `https://${hostAddress}:${port}`,
    pkiDir: places.pki,
    podRange,
    serviceRange,
    clusterDomain,
    cgroupRoot: `${clusterCgroup(name)}/${node}`,
    uplink,
    scope,
  };
}
