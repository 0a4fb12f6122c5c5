import { amountProblems } from "#api/core-v1/resources";
import { ageColumn, nameColumn, NONE, text, UNKNOWN, wide } from "#api/columns";
import { distinct, onePerFamily, sameValue } from "#api/checks";
import { parseCidr } from "#base/ip";
import { Taint } from "#api/core-v1/taint";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  bool,
  duplicate,
  forbidden,
  int32,
  int64,
  invalid,
  item,
  list,
  map,
  type Of,
  quantity,
  ref,
  resource,
  string,
  struct,
  time,
  value,
} from "#machinery/schema";

export const AttachedVolume = struct("core.v1.AttachedVolume", {
  name: string(1).required().doc("Name of the attached volume."),
  devicePath: string(2).required().doc("Device that the volume is on the node."),
});
export interface AttachedVolume extends Of<typeof AttachedVolume> {}

export const ConfigMapNodeConfigSource = struct("core.v1.ConfigMapNodeConfigSource", {
  namespace: string(1).required().doc("Namespace of the ConfigMap."),
  name: string(2).required().doc("Name of the ConfigMap."),
  uid: string(3).doc("The object's uid."),
  resourceVersion: string(4).doc("Version of the object."),
  kubeletConfigKey: string(5).required().doc("Key of the settings in the ConfigMap."),
});
export interface ConfigMapNodeConfigSource extends Of<typeof ConfigMapNodeConfigSource> {}

export const ContainerImage = struct("core.v1.ContainerImage", {
  names: list(1, string).always().atomic().doc("Names that the image is known by."),
  sizeBytes: int64(2).doc("Size of the image in bytes."),
});
export interface ContainerImage extends Of<typeof ContainerImage> {}

export const DaemonEndpoint = struct("core.v1.DaemonEndpoint", {
  Port: int32(1).required().doc("Port number."),
});
export interface DaemonEndpoint extends Of<typeof DaemonEndpoint> {}

export const NodeConfigSource = struct("core.v1.NodeConfigSource", {
  configMap: ref(2, ConfigMapNodeConfigSource).doc("ConfigMap that holds the settings."),
});
export interface NodeConfigSource extends Of<typeof NodeConfigSource> {}

export const NodeSpec = struct("core.v1.NodeSpec", {
  podCIDR: string(1).doc("First range of addresses for its pods."),
  podCIDRs: list(7, string).mergedSet().doc("Ranges of addresses for its pods, one per family."),
  providerID: string(3).doc("The cloud's name for the machine."),
  unschedulable: bool(4).doc("No new pods are placed on it."),
  taints: list(5, Taint).atomic().doc("What keeps pods away that do not put up with it."),
  configSource: ref(6, NodeConfigSource).doc("No longer used: settings of the kubelet came from here."),
  externalID: string(2).doc("No longer used."),
});
export interface NodeSpec extends Of<typeof NodeSpec> {}

export const NodeCondition = struct("core.v1.NodeCondition", {
  type: string(1).required().doc("What the condition is about."),
  status: string(2).required().doc("True, False or Unknown."),
  lastHeartbeatTime: time(3).orNull().doc("When it was last confirmed."),
  lastTransitionTime: time(4).orNull().doc("When the status last changed."),
  reason: string(5).doc("One word on why."),
  message: string(6).doc("The reason in plain words."),
});
export interface NodeCondition extends Of<typeof NodeCondition> {}

export const NodeAddress = struct("core.v1.NodeAddress", {
  type: string(1).required().doc("Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS."),
  address: string(2).required().doc("The address."),
});
export interface NodeAddress extends Of<typeof NodeAddress> {}

export const NodeDaemonEndpoints = struct("core.v1.NodeDaemonEndpoints", {
  kubeletEndpoint: value(1, DaemonEndpoint).doc("Where the kubelet listens."),
});
export interface NodeDaemonEndpoints extends Of<typeof NodeDaemonEndpoints> {}

export const NodeSwapStatus = struct("core.v1.NodeSwapStatus", {
  capacity: int64(1).pointer().doc("Bytes of swap."),
});
export interface NodeSwapStatus extends Of<typeof NodeSwapStatus> {}

export const NodeSystemInfo = struct("core.v1.NodeSystemInfo", {
  machineID: string(1).required().doc("Identity of the machine, from /etc/machine-id."),
  systemUUID: string(2).required().doc("Identity of the machine, from its firmware."),
  bootID: string(3).required().doc("Identity of this boot."),
  kernelVersion: string(4).required().doc("Version of the kernel."),
  osImage: string(5).required().doc("Name of the operating system."),
  containerRuntimeVersion: string(6).required().doc("Name and version of the container runtime."),
  kubeletVersion: string(7).required().doc("Version of the kubelet."),
  kubeProxyVersion: string(8).required().doc("No longer used."),
  operatingSystem: string(9).required().doc("linux or windows."),
  architecture: string(10).required().doc("Architecture of the processor, such as amd64."),
  swap: ref(11, NodeSwapStatus).doc("Swap space of the node."),
});
export interface NodeSystemInfo extends Of<typeof NodeSystemInfo> {}

export const NodeConfigStatus = struct("core.v1.NodeConfigStatus", {
  assigned: ref(1, NodeConfigSource).doc("Settings that the node is to take."),
  active: ref(2, NodeConfigSource).doc("Settings that the node runs with."),
  lastKnownGood: ref(3, NodeConfigSource).doc("Settings that the node falls back to."),
  error: string(4).doc("Why settings were not taken."),
});
export interface NodeConfigStatus extends Of<typeof NodeConfigStatus> {}

export const NodeRuntimeHandlerFeatures = struct("core.v1.NodeRuntimeHandlerFeatures", {
  recursiveReadOnlyMounts: bool(1).pointer().doc("Mounts can be read-only with all below them."),
  userNamespaces: bool(2).pointer().gate("UserNamespacesSupport").doc("Pods can have user namespaces."),
});
export interface NodeRuntimeHandlerFeatures extends Of<typeof NodeRuntimeHandlerFeatures> {}

export const NodeRuntimeHandler = struct("core.v1.NodeRuntimeHandler", {
  name: string(1).always().doc("Name of the handler; empty for the default one."),
  features: ref(2, NodeRuntimeHandlerFeatures).doc("What the handler can do."),
});
export interface NodeRuntimeHandler extends Of<typeof NodeRuntimeHandler> {}

export const NodeFeatures = struct("core.v1.NodeFeatures", {
  supplementalGroupsPolicy: bool(1).pointer().doc("The runtime honours the policy on supplemental groups."),
});
export interface NodeFeatures extends Of<typeof NodeFeatures> {}

export const NodeStatus = struct(
  "core.v1.NodeStatus",
  {
    capacity: map(1, quantity).doc("Everything it has."),
    allocatable: map(2, quantity).doc("What pods may use of it."),
    phase: string(3).oneOf("Pending", "Running", "Terminated").doc("No longer used."),
    conditions: list(4, NodeCondition)
      .mergedBy("type")
      .doc("What is known about its state, one entry per type."),
    addresses: list(5, NodeAddress).mergedBy("type").doc("How it can be reached."),
    daemonEndpoints: value(6, NodeDaemonEndpoints).doc("Ports of the kubelet."),
    nodeInfo: value(7, NodeSystemInfo).doc("Versions and ids of the machine."),
    images: list(8, ContainerImage).atomic().doc("Images that are there."),
    volumesInUse: list(9, string).atomic().doc("Volumes that pods on it use."),
    volumesAttached: list(10, AttachedVolume).atomic().doc("Volumes that are attached to it."),
    config: ref(11, NodeConfigStatus).doc("No longer used: which settings the kubelet took."),
    runtimeHandlers: list(12, NodeRuntimeHandler)
      .atomic()
      .gate("UserNamespacesSupport")
      .doc("Handlers that the container runtime offers."),
    features: ref(13, NodeFeatures).doc("What the container runtime can do."),
    declaredFeatures: list(14, string)
      .atomic()
      .gate("NodeDeclaredFeatures")
      .doc("Features that the node says it has, for the scheduler."),
  },
  {
    *validate({ addresses, capacity, allocatable }, path) {
      for (const [member, amounts] of Object.entries({ capacity, allocatable }))
        for (const [name, amount] of Object.entries(amounts ?? {}))
          yield* amountProblems(name, amount, `${path}.${member}[${name}]`);
      yield* distinct(`${path}.addresses`, addresses, ({ type, address }) => `${type}/${address}`);
    },
  },
);
export interface NodeStatus extends Of<typeof NodeStatus> {}

interface NodeParts {
  readonly metadata: ObjectMeta;
  readonly spec: NodeSpec;
  readonly status: NodeStatus;
}

const ROLE_PREFIX = "node-role.kubernetes.io/";
const ROLE = "kubernetes.io/role";

/** What its labels say that a node is for, sorted. */
export const rolesOf = (labels: Readonly<Record<string, string>>): readonly string[] =>
  [
    ...new Set(
      Object.entries(labels).flatMap(([key, value]) => {
        if (key.startsWith(ROLE_PREFIX) && key !== ROLE_PREFIX) return [key.slice(ROLE_PREFIX.length)];
        return key === ROLE && value !== "" ? [value] : [];
      }),
    ),
  ].toSorted();

/** The first address of a type. */
export const addressOf = ({ status }: Pick<NodeParts, "status">, type: string): string | undefined =>
  status.addresses?.find((address) => address.type === type)?.address;

export const nodeCondition = (
  { status }: Pick<NodeParts, "status">,
  type: string,
): NodeCondition | undefined => status.conditions?.find((condition) => condition.type === type);

/** `Ready`, `NotReady` or `Unknown`, and whether new pods are kept away. */
function nodeStatus(node: NodeParts): string {
  const ready = nodeCondition(node, "Ready");
  const word = !ready ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return node.spec.unschedulable ? `${word},SchedulingDisabled` : word;
}

export const Node = resource({
  apiVersion: "v1",
  kind: "Node",
  doc: "A machine that runs pods.",
  plural: "nodes",
  shortNames: ["no"],
  namespaced: false,
  metadata: ObjectMeta,
  spec: NodeSpec,
  status: NodeStatus,
  counted: false,
  subresources: {
    proxy: { kind: "NodeProxyOptions", verbs: ["create", "delete", "get", "patch", "update"], connect: true },
  },
  storagePrefix: "minions",

  fieldSelectors: { "spec.unschedulable": ({ spec }) => String(spec.unschedulable ?? false) },
  columns: [
    nameColumn,
    text("Status", nodeStatus),
    text("Roles", ({ metadata }: NodeParts) => rolesOf(metadata.labels ?? {}).join(",") || NONE),
    ageColumn,
    text("Version", ({ status }) => status.nodeInfo.kubeletVersion),
    wide("Internal-IP", (node: NodeParts) => addressOf(node, "InternalIP") ?? NONE),
    wide("External-IP", (node: NodeParts) => addressOf(node, "ExternalIP") ?? NONE),
    wide("OS-Image", ({ status }) => status.nodeInfo.osImage || UNKNOWN),
    wide("Kernel-Version", ({ status }) => status.nodeInfo.kernelVersion || UNKNOWN),
    wide("Container-Runtime", ({ status }) => status.nodeInfo.containerRuntimeVersion || UNKNOWN),
  ],
  rules: {
    defaults(node) {
      const { status, spec } = node;
      const { podCIDR, podCIDRs } = spec;
      const settled = podCIDR && podCIDRs?.[0] !== podCIDR ? [podCIDR] : podCIDRs;
      return {
        ...node,
        spec: settled ? { ...spec, podCIDR: settled[0], podCIDRs: settled } : spec,
        status: status.allocatable || !status.capacity ? status : { ...status, allocatable: status.capacity },
      };
    },
    *validate({ spec }) {
      const seen = new Set<string>();
      for (const [index, { key, effect }] of (spec.taints ?? []).entries()) {
        if (seen.has(`${key}:${effect}`)) yield duplicate(item("spec.taints", index), { key, effect });
        seen.add(`${key}:${effect}`);
      }
      const cidrs = spec.podCIDRs ?? [];
      for (const [index, cidr] of cidrs.entries())
        if (!parseCidr(cidr))
          yield invalid(
            item("spec.podCIDRs", index),
            cidr,
            "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
          );
      yield* onePerFamily("spec.podCIDRs", cidrs, "may specify no more than one CIDR for each IP family");
    },
    *validateUpdate({ spec }, { spec: old }) {
      if (old.podCIDRs && !sameValue(spec.podCIDRs, old.podCIDRs))
        yield forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid');
      if (old.providerID && spec.providerID !== old.providerID)
        yield forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid');
    },
  },
});
export interface Node extends Of<typeof Node> {}
