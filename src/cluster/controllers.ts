import { deployments } from "#controllers/deployment/deployment";
import { endpoints } from "#controllers/endpoints/endpoints";
import { endpointSliceMirroring } from "#controllers/endpointslice-mirroring/endpointslice-mirroring";
import { endpointSlices } from "#controllers/endpointslice/endpointslice";
import { garbageCollector } from "#controllers/garbage-collector/garbage-collector";
import { namespaces } from "#controllers/namespace/namespace";
import { nodeIpam } from "#controllers/node-ipam/node-ipam";
import { nodeLifecycle } from "#controllers/node-lifecycle/node-lifecycle";
import { podGc } from "#controllers/pod-gc/pod-gc";
import { replicaSets } from "#controllers/replicaset/replicaset";
import { rootCas } from "#controllers/root-ca/root-ca";
import { serviceAccounts } from "#controllers/serviceaccount/serviceaccount";
import { taintEviction } from "#controllers/taint-eviction/taint-eviction";
import type { Controller } from "#reconciler/controller";

export interface ControllerSettings {
  /** PEM of the authority that pods trust. */
  readonly authority: string;
  readonly podRange: string;
}

/** Everything that keeps a cluster true, beside the scheduler. */
export const controllersOf = ({ authority, podRange }: ControllerSettings): readonly Controller[] => [
  namespaces,
  serviceAccounts,
  rootCas(authority),
  replicaSets,
  deployments,
  endpointSlices,
  endpointSliceMirroring,
  endpoints,
  nodeIpam([{ cidr: podRange, nodePrefix: NODE_PREFIX }]),
  nodeLifecycle(),
  taintEviction,
  podGc(),
  garbageCollector,
];

/** A node has room for as many pods as addresses of this range's size. */
const NODE_PREFIX = 24;
