/** The controllers of a cluster. */
import type { Controller } from "#reconciler/controller";
import { admissionPolicyStatus } from "./admission-policy-status/admission-policy-status.ts";
import { bootstrapSigner } from "./bootstrap-tokens/bootstrap-signer.ts";
import { tokenCleaner } from "./bootstrap-tokens/token-cleaner.ts";
import { clusterRoleAggregation } from "./clusterrole-aggregation/clusterrole-aggregation.ts";
import { certificateRequests, type Signing } from "./csr/csr.ts";
import { cronJobs } from "./cronjob/cronjob.ts";
import { daemonSets } from "./daemonset/daemonset.ts";
import { deployments } from "./deployment/deployment.ts";
import { disruptionBudgets } from "./disruption/disruption.ts";
import { endpointSliceMirroring } from "./endpointslice-mirroring/endpointslice-mirroring.ts";
import { endpointSlices } from "./endpointslice/endpointslice.ts";
import { endpoints } from "./endpoints/endpoints.ts";
import { garbageCollector } from "./garbage-collector/garbage-collector.ts";
import { jobs } from "./job/job.ts";
import { legacyTokenCleaner } from "./legacy-tokens/legacy-token-cleaner.ts";
import { namespaces } from "./namespace/namespace.ts";
import { nodeIpam } from "./node-ipam/node-ipam.ts";
import type { ClusterRange } from "./node-ipam/ranges.ts";
import { nodeLifecycle } from "./node-lifecycle/node-lifecycle.ts";
import { podGc } from "./pod-gc/pod-gc.ts";
import { type QuotaRules, resourceQuotas } from "./resource-quota/resource-quota.ts";
import { replicaSets } from "./replicaset/replicaset.ts";
import { replicationControllers } from "./replicationcontroller/replicationcontroller.ts";
import { rootCas } from "./root-ca/root-ca.ts";
import { leakedAddresses, serviceAddresses } from "./servicecidr/addresses.ts";
import { serviceCidrs } from "./servicecidr/servicecidr.ts";
import { serviceAccounts } from "./serviceaccount/serviceaccount.ts";
import { statefulSets } from "./statefulset/statefulset.ts";
import { taintEviction } from "./taint-eviction/taint-eviction.ts";
import { type TokenSecretOptions, tokenSecrets } from "./token-secrets/token-secrets.ts";
import { ttlAfterFinished } from "./ttl-after-finished/ttl-after-finished.ts";
import { claimBinding, volumePhases } from "./volume-binding/volume-binding.ts";
import { claimProtection, volumeProtection } from "./volume-protection/volume-protection.ts";

export interface StandardOptions {
  /** PEM: by it pods know the API server. */
  readonly caBundle: string;
  /** The pod network, one range for each IP family; without any, nodes get no ranges. */
  readonly podRanges?: readonly ClusterRange[];
  /** Signs the tokens of Secrets of type service-account-token; without it these stay empty. */
  readonly signToken?: TokenSecretOptions["sign"];
  /** Reads and signs certificate requests; without it nobody does. */
  readonly signing?: Signing;
  /** How objects count against quotas, as admission counts them; without it quotas have no status. */
  readonly quotaRules?: QuotaRules;
}

export const standardControllers = ({
  caBundle,
  podRanges = [],
  signToken,
  signing,
  quotaRules,
}: StandardOptions): readonly Controller[] => [
  namespaces,
  serviceAccounts,
  rootCas(caBundle),
  replicaSets,
  deployments,
  endpointSlices,
  endpoints,
  endpointSliceMirroring,
  garbageCollector,
  nodeLifecycle(),
  taintEviction,
  ...(podRanges.length > 0 ? [nodeIpam(podRanges)] : []),
  podGc(),
  jobs,
  cronJobs,
  ttlAfterFinished,
  daemonSets,
  statefulSets,
  clusterRoleAggregation,
  admissionPolicyStatus,
  replicationControllers,
  disruptionBudgets,
  bootstrapSigner,
  tokenCleaner,
  legacyTokenCleaner,
  claimBinding,
  volumePhases,
  claimProtection,
  volumeProtection,
  serviceCidrs,
  serviceAddresses,
  leakedAddresses,
  ...(signToken ? [tokenSecrets({ caBundle, sign: signToken })] : []),
  ...(quotaRules ? [resourceQuotas(quotaRules)] : []),
  ...(signing ? [certificateRequests(signing)] : []),
];
