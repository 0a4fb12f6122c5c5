/** What the daemons of a local cluster are started with, read from the cluster's settings. */
import { existsSync, readFileSync } from "node:fs";
import { parseAuditPolicy } from "#apiserver/audit/policy";
import type { Scope } from "#base/scope";
import { planFabric } from "#network/machine/fabric";
import { clusterCgroup } from "./cgroups.ts";
import type { ControlPlaneOptions } from "./control-plane.ts";
import type { NodeAgentOptions } from "./node-agent.ts";
import type { ClusterPlaces } from "./places.ts";
import { settingsOf } from "./local-settings.ts";
import type { ClusterSettings } from "./settings.ts";
import { StepFailed } from "./steps.ts";

export function controlPlaneOptions(places: ClusterPlaces, scope: Scope): ControlPlaneOptions {
  const settings = settingsOf(places);
  const { port, podRange, serviceRange, clusterDomain } = settings;
  return {
    storeDir: places.store,
    pkiDir: places.pki,
    address: fabricOf(settings).hostAddress,
    port,
    podRange,
    serviceRange,
    clusterDomain,
    ...auditOf(places),
    scope,
  };
}

function auditOf({ auditPolicy, auditLog }: ClusterPlaces): Pick<ControlPlaneOptions, "audit"> {
  if (!existsSync(auditPolicy)) return {};
  return { audit: { policy: parseAuditPolicy(readFileSync(auditPolicy, "utf8")), logFile: auditLog } };
}

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

const fabricOf = ({ name, nodes, nodeRange, podRange, serviceRange, uplink }: ClusterSettings) =>
  planFabric({ cluster: name, nodes, nodeRange, podRange, serviceRange, uplink });
