import { Affinity, TopologySpreadConstraint } from "#api/core-v1/affinity";
import { Container, EphemeralContainer } from "#api/core-v1/container";
import { LocalObjectReference } from "#api/core-v1/reference";
import { ResourceRequirements } from "#api/core-v1/resources";
import { PodSecurityContext } from "#api/core-v1/security";
import { Toleration } from "#api/core-v1/taint";
import { Volume } from "#api/core-v1/volume";
import { bool, int32, int64, list, map, type Of, quantity, ref, string, struct } from "#machinery/schema";

export const HostAlias = struct("core.v1.HostAlias", {
  ip: string(1).required().doc("Address."),
  hostnames: list(2, string).atomic().doc("Names that lead to the address."),
});
export interface HostAlias extends Of<typeof HostAlias> {}

export const PodDNSConfigOption = struct("core.v1.PodDNSConfigOption", {
  name: string(1).doc("Name of the option."),
  value: string(2).pointer().doc("Value of the option."),
});
export interface PodDNSConfigOption extends Of<typeof PodDNSConfigOption> {}

export const PodDNSConfig = struct("core.v1.PodDNSConfig", {
  nameservers: list(1, string).atomic().doc("Name servers, after those of the policy."),
  searches: list(2, string).atomic().doc("Search domains, after those of the policy."),
  options: list(3, PodDNSConfigOption).atomic().doc("Options of the resolver."),
});
export interface PodDNSConfig extends Of<typeof PodDNSConfig> {}

export const PodOS = struct("core.v1.PodOS", {
  name: string(1).required().oneOf("linux", "windows").notEmpty().doc("linux or windows."),
});
export interface PodOS extends Of<typeof PodOS> {}

export const PodReadinessGate = struct("core.v1.PodReadinessGate", {
  conditionType: string(1).required().doc("Condition that must be true for the pod to be ready."),
});
export interface PodReadinessGate extends Of<typeof PodReadinessGate> {}

export const PodResourceClaim = struct("core.v1.PodResourceClaim", {
  name: string(1).required().notEmpty().doc("Name of the claim within the pod."),
  resourceClaimName: string(3).pointer().doc("Claim in the pod's namespace."),
  resourceClaimTemplateName: string(4).pointer().doc("Template that a claim is made from for this pod."),
});
export interface PodResourceClaim extends Of<typeof PodResourceClaim> {}

export const PodSchedulingGate = struct("core.v1.PodSchedulingGate", {
  name: string(1).required().doc("Name of the gate."),
});
export interface PodSchedulingGate extends Of<typeof PodSchedulingGate> {}

export const WorkloadReference = struct("core.v1.WorkloadReference", {
  name: string(1).required().doc("Name of the Workload."),
  podGroup: string(2).required().doc("Group of the Workload that the pod is in."),
  podGroupReplicaKey: string(3).doc("Replica of the group that the pod is in."),
});
export interface WorkloadReference extends Of<typeof WorkloadReference> {}

export const PodSpec = struct("core.v1.PodSpec", {
  volumes: list(1, Volume).mergedBy("name").patch("retainKeys").doc("Storage that the containers can mount."),
  initContainers: list(20, Container)
    .mergedBy("name")
    .doc(
      "Containers that run one after the other before the others start; with restartPolicy Always they stay.",
    ),
  containers: list(2, Container)
    .required()
    .mergedBy("name")
    .notEmpty()
    .doc("What the pod runs; at least one."),
  ephemeralContainers: list(34, EphemeralContainer)
    .mergedBy("name")
    .doc("Containers that were put into the running pod to look around."),
  restartPolicy: string(3)
    .oneOf("Always", "OnFailure", "Never")
    .default("Always")
    .doc("Whether containers that ended start again."),
  terminationGracePeriodSeconds: int64(4)
    .pointer()
    .default(30)
    .doc("Time between the request to stop and the end by force."),
  activeDeadlineSeconds: int64(5).pointer().doc("The pod fails when it has been active for so long."),
  dnsPolicy: string(6)
    .oneOf("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
    .default("ClusterFirst")
    .doc("Where the pod's name lookups go."),
  nodeSelector: map(7, string).atomic().doc("Labels that its node must have."),
  serviceAccountName: string(8).doc("Account that the pod acts as."),
  serviceAccount: string(9).doc("Older name of serviceAccountName, kept equal."),
  automountServiceAccountToken: bool(21)
    .pointer()
    .doc("Whether the account's token is mounted into the containers."),
  nodeName: string(10).doc("Node that it runs on; set by the scheduler."),
  hostNetwork: bool(11).doc("Uses the node's own network."),
  hostPID: bool(12).doc("Sees the node's processes."),
  hostIPC: bool(13).doc("Shares the node's inter-process communication."),
  shareProcessNamespace: bool(27).pointer().doc("Its containers see each other's processes."),
  securityContext: ref(14, PodSecurityContext).default({}).doc("Rights and identity of all its containers."),
  imagePullSecrets: list(15, LocalObjectReference)
    .mergedBy("name")
    .doc("Secrets with which images may be pulled."),
  hostname: string(16).doc("Host name inside the pod; by default the pod's name."),
  subdomain: string(17).doc("Makes the full host name hostname.subdomain.namespace.svc."),
  affinity: ref(18, Affinity).doc("Which nodes, and which neighbours, it wants or avoids."),
  schedulerName: string(19).default("default-scheduler").doc("Scheduler that finds the node."),
  tolerations: list(22, Toleration).atomic().doc("Taints of nodes that it puts up with."),
  hostAliases: list(23, HostAlias).mergedBy("ip").doc("Additional lines of /etc/hosts."),
  priorityClassName: string(24).doc("Class that gives the pod its priority."),
  priority: int32(25).pointer().doc("Rank among pods; follows from the class."),
  dnsConfig: ref(26, PodDNSConfig).doc("Additions to what the DNS policy gives."),
  readinessGates: list(28, PodReadinessGate)
    .atomic()
    .doc("Conditions set from outside that readiness waits for."),
  runtimeClassName: string(29).pointer().doc("RuntimeClass that says how its containers are run."),
  enableServiceLinks: bool(30).pointer().doc("Whether services appear as environment variables."),
  preemptionPolicy: string(31)
    .pointer()
    .oneOf("PreemptLowerPriority", "Never")
    .doc("Whether it may push out pods of lower priority."),
  overhead: map(32, quantity).doc("What running the pod costs beside its containers; from the RuntimeClass."),
  topologySpreadConstraints: list(33, TopologySpreadConstraint)
    .mergedBy("topologyKey", "whenUnsatisfiable")
    .doc("How evenly it is spread over nodes and zones."),
  setHostnameAsFQDN: bool(35).pointer().doc("The host name is the full domain name."),
  os: ref(36, PodOS).doc("Operating system that its containers need."),
  hostUsers: bool(37)
    .pointer()
    .doc("Users inside are the node's users; false gives the pod users of its own."),
  schedulingGates: list(38, PodSchedulingGate)
    .mergedBy("name")
    .doc("Reasons not to schedule it yet; all must be removed."),
  resourceClaims: list(39, PodResourceClaim)
    .mergedBy("name")
    .patch("retainKeys")
    .doc("Devices that must be allocated before it starts."),
  resources: ref(40, ResourceRequirements)
    .gate("PodLevelResources")
    .doc("What all its containers together ask for and may use."),
  hostnameOverride: string(41)
    .pointer()
    .gate("HostnameOverride")
    .doc("Host name inside the pod, whatever its other names say."),
  workloadRef: ref(42, WorkloadReference)
    .gate("GenericWorkload")
    .doc("Group of pods that it is scheduled with."),
});
export interface PodSpec extends Of<typeof PodSpec> {}
