/** The two daemons of a local cluster, from its settings: what `up` starts in the background. */
import type { Scope } from "#base/scope";
import { planFabric } from "#network/machine/fabric";
import { startControlPlane } from "./control-plane.ts";
import { startNodeAgent } from "./node-agent.ts";
import { placesOf } from "./places.ts";
import { type ClusterSettings, readSettings } from "./settings.ts";

export interface LocalDaemonOptions {
  readonly name: string;
  readonly dataDir: string;
  readonly scope: Scope;
}

/** Resolves when the API is served and controllers and scheduler work. */
export async function startLocalControlPlane({ name, dataDir, scope }: LocalDaemonOptions): Promise<void> {
  const places = placesOf(name, dataDir);
  const settings = settingsOf(name, dataDir);
  await startControlPlane({
    storeDir: places.store,
    pkiDir: places.pki,
    address: fabricOf(settings).hostAddress,
    port: settings.port,
    podRange: settings.podRange,
    serviceRange: settings.serviceRange,
    clusterDomain: settings.clusterDomain,
    scope,
  });
}

/** Resolves when the node is ready. The process must be in the node's network namespace. */
export async function startLocalNode({
  name,
  dataDir,
  scope,
  node,
}: LocalDaemonOptions & { readonly node: string }): Promise<void> {
  const places = placesOf(name, dataDir);
  const settings = settingsOf(name, dataDir);
  const fabric = fabricOf(settings);
  const found = fabric.nodes.find((each) => each.name === node);
  if (!found) throw new Error(`the cluster ${name} has no node ${node}`);
  await startNodeAgent({
    places: places.node(node),
    address: found.address,
    server: `https://${fabric.hostAddress}:${settings.port}`,
    pkiDir: places.pki,
    podRange: settings.podRange,
    serviceRange: settings.serviceRange,
    clusterDomain: settings.clusterDomain,
    cgroupRoot: `/k8ts/${name}/${node}`,
    scope,
  });
}

function settingsOf(name: string, dataDir: string): ClusterSettings {
  const settings = readSettings(placesOf(name, dataDir));
  if (!settings) throw new Error(`there is no cluster ${name} in ${dataDir}`);
  return settings;
}

const fabricOf = ({ name, nodes, nodeRange, podRange, serviceRange, uplink }: ClusterSettings) =>
  planFabric({ cluster: name, nodes, nodeRange, podRange, serviceRange, uplink });
