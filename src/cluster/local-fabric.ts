/** The cables of a local cluster, as its settings say. */
import { type Fabric, type FabricOptions, planFabric } from "#network/machine/fabric";
import type { ClusterSettings } from "./settings.ts";

export const fabricOptions = ({ name, ...settings }: ClusterSettings): FabricOptions => ({
  cluster: name,
  nodes: settings.nodes,
  nodeRange: settings.nodeRange,
  podRange: settings.podRange,
  serviceRange: settings.serviceRange,
  uplink: settings.uplink,
});

export const fabricOf = (settings: ClusterSettings): Fabric => planFabric(fabricOptions(settings));
