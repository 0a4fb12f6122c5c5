import { Affinity, TopologySpreadConstraint } from "#api/core-v1/affinity";
import { Container, EphemeralContainer } from "#api/core-v1/container";
import { LocalObjectReference } from "#api/core-v1/reference";
import { ResourceRequirements } from "#api/core-v1/resources";
import { PodSecurityContext } from "#api/core-v1/security";
import { Toleration } from "#api/core-v1/taint";
import { Volume } from "#api/core-v1/volume";
import { bool, int32, int64, list, map, type Of, quantity, ref, string, struct } from "#machinery/schema";

export const HostAlias = struct("core.v1.HostAlias", {
  ip: string(1).required(),
  hostnames: list(2, string).atomic(),
});
export interface HostAlias extends Of<typeof HostAlias> {}

export const PodDNSConfigOption = struct("core.v1.PodDNSConfigOption", {
  name: string(1),
  value: string(2).pointer(),
});
export interface PodDNSConfigOption extends Of<typeof PodDNSConfigOption> {}

export const PodDNSConfig = struct("core.v1.PodDNSConfig", {
  nameservers: list(1, string).atomic(),
  searches: list(2, string).atomic(),
  options: list(3, PodDNSConfigOption).atomic(),
});
export interface PodDNSConfig extends Of<typeof PodDNSConfig> {}

export const PodOS = struct("core.v1.PodOS", {
  name: string(1).required().oneOf("linux", "windows").notEmpty(),
});
export interface PodOS extends Of<typeof PodOS> {}

export const PodReadinessGate = struct("core.v1.PodReadinessGate", {
  conditionType: string(1).required(),
});
export interface PodReadinessGate extends Of<typeof PodReadinessGate> {}

export const PodResourceClaim = struct("core.v1.PodResourceClaim", {
  name: string(1).required().notEmpty(),
  resourceClaimName: string(3).pointer(),
  resourceClaimTemplateName: string(4).pointer(),
});
export interface PodResourceClaim extends Of<typeof PodResourceClaim> {}

export const PodSchedulingGate = struct("core.v1.PodSchedulingGate", {
  name: string(1).required(),
});
export interface PodSchedulingGate extends Of<typeof PodSchedulingGate> {}

export const WorkloadReference = struct("core.v1.WorkloadReference", {
  name: string(1).required(),
  podGroup: string(2).required(),
  podGroupReplicaKey: string(3),
});
export interface WorkloadReference extends Of<typeof WorkloadReference> {}

export const PodSpec = struct("core.v1.PodSpec", {
  volumes: list(1, Volume).mergedBy("name").patch("retainKeys"),
  initContainers: list(20, Container).mergedBy("name"),
  containers: list(2, Container).required().mergedBy("name").notEmpty(),
  ephemeralContainers: list(34, EphemeralContainer).mergedBy("name"),
  restartPolicy: string(3).oneOf("Always", "OnFailure", "Never").default("Always"),
  terminationGracePeriodSeconds: int64(4).pointer().default(30),
  activeDeadlineSeconds: int64(5).pointer(),
  dnsPolicy: string(6)
    .oneOf("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
    .default("ClusterFirst"),
  nodeSelector: map(7, string).atomic(),
  serviceAccountName: string(8),
  serviceAccount: string(9),
  automountServiceAccountToken: bool(21).pointer(),
  nodeName: string(10),
  hostNetwork: bool(11),
  hostPID: bool(12),
  hostIPC: bool(13),
  shareProcessNamespace: bool(27).pointer(),
  securityContext: ref(14, PodSecurityContext).default({}),
  imagePullSecrets: list(15, LocalObjectReference).mergedBy("name"),
  hostname: string(16),
  subdomain: string(17),
  affinity: ref(18, Affinity),
  schedulerName: string(19).default("default-scheduler"),
  tolerations: list(22, Toleration).atomic(),
  hostAliases: list(23, HostAlias).mergedBy("ip"),
  priorityClassName: string(24),
  priority: int32(25).pointer(),
  dnsConfig: ref(26, PodDNSConfig),
  readinessGates: list(28, PodReadinessGate).atomic(),
  runtimeClassName: string(29).pointer(),
  enableServiceLinks: bool(30).pointer(),
  preemptionPolicy: string(31).pointer().oneOf("PreemptLowerPriority", "Never"),
  overhead: map(32, quantity),
  topologySpreadConstraints: list(33, TopologySpreadConstraint).mergedBy("topologyKey", "whenUnsatisfiable"),
  setHostnameAsFQDN: bool(35).pointer(),
  os: ref(36, PodOS),
  hostUsers: bool(37).pointer(),
  schedulingGates: list(38, PodSchedulingGate).mergedBy("name"),
  resourceClaims: list(39, PodResourceClaim).mergedBy("name").patch("retainKeys"),
  resources: ref(40, ResourceRequirements).gate("PodLevelResources"),
  hostnameOverride: string(41).pointer().gate("HostnameOverride"),
  workloadRef: ref(42, WorkloadReference).gate("GenericWorkload"),
});
export interface PodSpec extends Of<typeof PodSpec> {}
