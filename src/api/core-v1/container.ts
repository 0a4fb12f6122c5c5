import { distinct, namedIfSet, portNumber } from "#api/checks";
import { descendingPath, withoutClimbing } from "./paths.ts";
import { EnvFromSource, EnvVar } from "#api/core-v1/env";
import { Lifecycle, Probe } from "#api/core-v1/probe";
import { ResourceRequirements } from "#api/core-v1/resources";
import { SecurityContext } from "#api/core-v1/security";
import {
  at,
  bool,
  type FieldProblem,
  forbidden,
  inline,
  int32,
  invalid,
  item,
  list,
  type Of,
  ref,
  type ShapeOfFields,
  required,
  string,
  struct,
  value,
} from "#machinery/schema";

export const ContainerPort = struct(
  "core.v1.ContainerPort",
  {
    name: string(1),
    hostPort: int32(2),
    containerPort: int32(3).required(),
    protocol: string(4).oneOf("TCP", "UDP", "SCTP").default("TCP"),
    hostIP: string(5),
  },
  {
    *validate({ name, containerPort, hostPort }, path) {
      yield* namedIfSet(at(path, "name"), name, "port-name");
      if (containerPort === 0) yield required(at(path, "containerPort"));
      else yield* portNumber(at(path, "containerPort"), containerPort);
      yield* portNumber(at(path, "hostPort"), hostPort || undefined);
    },
  },
);
export interface ContainerPort extends Of<typeof ContainerPort> {}

export const ContainerResizePolicy = struct("core.v1.ContainerResizePolicy", {
  resourceName: string(1).oneOf("cpu", "memory").required(),
  restartPolicy: string(2).oneOf("NotRequired", "RestartContainer").required().notEmpty(),
});
export interface ContainerResizePolicy extends Of<typeof ContainerResizePolicy> {}

export const ContainerRestartRuleOnExitCodes = struct("core.v1.ContainerRestartRuleOnExitCodes", {
  operator: string(1).oneOf("In", "NotIn").required().omitEmpty().notEmpty(),
  values: list(2, int32).set().maxItems(255),
});
export interface ContainerRestartRuleOnExitCodes extends Of<typeof ContainerRestartRuleOnExitCodes> {}

export const ContainerRestartRule = struct("core.v1.ContainerRestartRule", {
  action: string(1).oneOf("Restart", "RestartAllContainers").required().omitEmpty().notEmpty(),
  exitCodes: ref(2, ContainerRestartRuleOnExitCodes).notEmpty(),
});
export interface ContainerRestartRule extends Of<typeof ContainerRestartRule> {}

export const VolumeMount = struct(
  "core.v1.VolumeMount",
  {
    name: string(1).required().notEmpty(),
    readOnly: bool(2),
    recursiveReadOnly: string(7).pointer().oneOf("Disabled", "Enabled", "IfPossible"),
    mountPath: string(3).required().notEmpty(),
    subPath: string(4),
    mountPropagation: string(5).pointer().oneOf("None", "HostToContainer", "Bidirectional"),
    subPathExpr: string(6),
  },
  {
    *validate({ readOnly, recursiveReadOnly, subPath, subPathExpr, mountPropagation }, path) {
      if (subPath) yield* descendingPath(subPath, at(path, "subPath"));
      if (subPathExpr) {
        if (subPath)
          yield invalid(
            at(path, "subPathExpr"),
            subPathExpr,
            "subPathExpr and subPath are mutually exclusive",
          );
        yield* descendingPath(subPathExpr, at(path, "subPathExpr"));
      }
      if (recursiveReadOnly === undefined || recursiveReadOnly === "Disabled") return;
      if (!readOnly)
        yield forbidden(at(path, "recursiveReadOnly"), "may only be specified when readOnly is true");
      if (mountPropagation !== undefined && mountPropagation !== "None")
        yield forbidden(
          at(path, "recursiveReadOnly"),
          "may only be specified when mountPropagation is None or not specified",
        );
    },
  },
);
export interface VolumeMount extends Of<typeof VolumeMount> {}

export const VolumeDevice = struct(
  "core.v1.VolumeDevice",
  {
    name: string(1).required().notEmpty(),
    devicePath: string(2).required().notEmpty(),
  },
  {
    *validate({ devicePath }, path) {
      yield* withoutClimbing(devicePath, at(path, "devicePath"));
    },
  },
);
export interface VolumeDevice extends Of<typeof VolumeDevice> {}

/** Ordinary and ephemeral containers have the same fields; what an ephemeral one may not use is a rule. */
const containerFields = {
  name: string(1).required().notEmpty().format("dns-label"),
  image: string(2).notEmpty(),
  command: list(3, string).atomic(),
  args: list(4, string).atomic(),
  workingDir: string(5),
  ports: list(6, ContainerPort).mergedBy("containerPort", "protocol"),
  envFrom: list(19, EnvFromSource).atomic(),
  env: list(7, EnvVar).mergedBy("name"),
  resources: value(8, ResourceRequirements),
  resizePolicy: list(23, ContainerResizePolicy).atomic(),
  restartPolicy: string(24).pointer().oneOf("Always", "Never", "OnFailure"),
  restartPolicyRules: list(25, ContainerRestartRule).atomic().maxItems(20).gate("ContainerRestartRules"),
  volumeMounts: list(9, VolumeMount).mergedBy("mountPath"),
  volumeDevices: list(21, VolumeDevice).mergedBy("devicePath"),
  livenessProbe: ref(10, Probe),
  readinessProbe: ref(11, Probe),
  startupProbe: ref(22, Probe),
  lifecycle: ref(12, Lifecycle),
  terminationMessagePath: string(13).default("/dev/termination-log"),
  terminationMessagePolicy: string(20).oneOf("File", "FallbackToLogsOnError").default("File"),
  imagePullPolicy: string(14).oneOf("Always", "Never", "IfNotPresent"),
  securityContext: ref(15, SecurityContext),
  stdin: bool(16),
  stdinOnce: bool(17),
  tty: bool(18),
};

type AnyContainer = ShapeOfFields<typeof containerFields>;

export const Container = struct("core.v1.Container", containerFields, {
  *validate(container, path) {
    yield* containerProblems(container, path);
    yield* probeProblems(container, path);
  },
});
export interface Container extends Of<typeof Container> {}

function* containerProblems(container: AnyContainer, path: string): Iterable<FieldProblem> {
  const { ports, volumeMounts, volumeDevices, securityContext, resizePolicy } = container;
  yield* distinct(at(path, "ports"), ports, ({ name }) => name, "name");
  yield* distinct(at(path, "resizePolicy"), resizePolicy, ({ resourceName }) => resourceName);
  const taken = new Set<string>();
  for (const [index, { mountPath, mountPropagation }] of (volumeMounts ?? []).entries()) {
    const where = item(at(path, "volumeMounts"), index);
    if (taken.has(mountPath)) yield invalid(at(where, "mountPath"), mountPath, "must be unique");
    taken.add(mountPath);
    if (mountPropagation === "Bidirectional" && !securityContext?.privileged)
      yield forbidden(
        at(where, "mountPropagation"),
        "Bidirectional mount propagation is available only to privileged containers",
      );
  }
  for (const [index, { devicePath }] of (volumeDevices ?? []).entries()) {
    const where = at(item(at(path, "volumeDevices"), index), "devicePath");
    if (taken.has(devicePath)) yield invalid(where, devicePath, "must be unique");
    taken.add(devicePath);
  }
}

function* probeProblems(
  { livenessProbe, readinessProbe, startupProbe }: AnyContainer,
  path: string,
): Iterable<FieldProblem> {
  for (const [name, probe] of Object.entries({ livenessProbe, startupProbe })) {
    if (probe && probe.successThreshold !== 1)
      yield invalid(at(at(path, name), "successThreshold"), probe.successThreshold, "must be 1");
  }
  const grace = readinessProbe?.terminationGracePeriodSeconds;
  if (grace !== undefined)
    yield invalid(
      at(path, "readinessProbe.terminationGracePeriodSeconds"),
      grace,
      "must not be set for readinessProbes",
    );
}

/** What an ephemeral container may not have: it joins a pod whose resources and network are settled. */
const NOT_FOR_EPHEMERAL = [
  "ports",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "lifecycle",
  "resizePolicy",
  "restartPolicy",
  "restartPolicyRules",
] as const;

export const EphemeralContainerCommon = struct("core.v1.EphemeralContainerCommon", containerFields, {
  *validate(container, path) {
    yield* containerProblems(container, path);
    for (const field of NOT_FOR_EPHEMERAL)
      if (container[field] !== undefined)
        yield forbidden(at(path, field), "cannot be set for an Ephemeral Container");
    if (container.resources.limits || container.resources.requests || container.resources.claims)
      yield forbidden(at(path, "resources"), "cannot be set for an Ephemeral Container");
    for (const [index, { subPath, subPathExpr }] of (container.volumeMounts ?? []).entries()) {
      const where = item(at(path, "volumeMounts"), index);
      if (subPath) yield forbidden(at(where, "subPath"), "cannot be set for an Ephemeral Container");
      if (subPathExpr) yield forbidden(at(where, "subPathExpr"), "cannot be set for an Ephemeral Container");
    }
  },
});
export interface EphemeralContainerCommon extends Of<typeof EphemeralContainerCommon> {}

export const EphemeralContainer = struct("core.v1.EphemeralContainer", {
  ephemeralContainerCommon: inline(1, EphemeralContainerCommon),
  targetContainerName: string(2),
});
export interface EphemeralContainer extends Of<typeof EphemeralContainer> {}
