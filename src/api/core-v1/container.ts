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
    name: string(1).doc("Name that services and probes can use."),
    hostPort: int32(2).doc("Port of the node that leads here."),
    containerPort: int32(3).required().doc("Port inside the pod."),
    protocol: string(4).oneOf("TCP", "UDP", "SCTP").default("TCP").doc("TCP, UDP or SCTP."),
    hostIP: string(5).doc("Address of the node that the host port is bound to."),
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
  resourceName: string(1).oneOf("cpu", "memory").required().doc("cpu or memory."),
  restartPolicy: string(2)
    .oneOf("NotRequired", "RestartContainer")
    .required()
    .notEmpty()
    .doc("NotRequired or RestartContainer."),
});
export interface ContainerResizePolicy extends Of<typeof ContainerResizePolicy> {}

export const ContainerRestartRuleOnExitCodes = struct("core.v1.ContainerRestartRuleOnExitCodes", {
  operator: string(1).oneOf("In", "NotIn").required().omitEmpty().notEmpty().doc("In or NotIn."),
  values: list(2, int32).set().maxItems(255).doc("Exit codes."),
});
export interface ContainerRestartRuleOnExitCodes extends Of<typeof ContainerRestartRuleOnExitCodes> {}

export const ContainerRestartRule = struct("core.v1.ContainerRestartRule", {
  action: string(1)
    .oneOf("Restart", "RestartAllContainers")
    .gateValues("RestartAllContainersOnContainerExits", "RestartAllContainers")
    .required()
    .omitEmpty()
    .notEmpty()
    .doc("What to do: Restart or RestartAllContainers."),
  exitCodes: ref(2, ContainerRestartRuleOnExitCodes).notEmpty().doc("Exit codes that the rule is for."),
});
export interface ContainerRestartRule extends Of<typeof ContainerRestartRule> {}

export const VolumeMount = struct(
  "core.v1.VolumeMount",
  {
    name: string(1).required().notEmpty().doc("Volume of the pod."),
    readOnly: bool(2).doc("Only reading is allowed."),
    recursiveReadOnly: string(7)
      .pointer()
      .oneOf("Disabled", "Enabled", "IfPossible")
      .doc("Whether mounts below it are read-only as well."),
    mountPath: string(3).required().notEmpty().doc("Path in the container."),
    subPath: string(4).doc("Part of the volume that is mounted."),
    mountPropagation: string(5)
      .pointer()
      .oneOf("None", "HostToContainer", "Bidirectional")
      .doc("Whether later mounts pass between node and container."),
    subPathExpr: string(6).doc("As subPath, with $(VARIABLES) filled in."),
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
    name: string(1).required().notEmpty().doc("Claim volume of the pod."),
    devicePath: string(2).required().notEmpty().doc("Path of the device in the container."),
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
  name: string(1).required().notEmpty().format("dns-label").doc("Unique among the containers of the pod."),
  image: string(2).notEmpty().doc("Image to run."),
  command: list(3, string).atomic().doc("Program and first arguments, in place of the image's entry point."),
  args: list(4, string).atomic().doc("Arguments, in place of the image's own."),
  workingDir: string(5).doc("Directory it starts in."),
  ports: list(6, ContainerPort)
    .mergedBy("containerPort", "protocol")
    .doc("Ports it listens on; for people and for services that use names."),
  envFrom: list(19, EnvFromSource).atomic().doc("Sources whose every key becomes a variable."),
  env: list(7, EnvVar).mergedBy("name").doc("Environment variables."),
  resources: value(8, ResourceRequirements).doc("What it asks for and may use at most."),
  resizePolicy: list(23, ContainerResizePolicy).atomic().doc("Whether a change of a resource restarts it."),
  restartPolicy: string(24)
    .pointer()
    .oneOf("Always", "Never", "OnFailure")
    .doc("In place of the pod's own; Always makes an init container stay."),
  restartPolicyRules: list(25, ContainerRestartRule)
    .atomic()
    .maxItems(20)
    .gate("ContainerRestartRules")
    .doc("Exit codes that decide about a restart."),
  volumeMounts: list(9, VolumeMount).mergedBy("mountPath").doc("Where volumes appear in its file system."),
  volumeDevices: list(21, VolumeDevice).mergedBy("devicePath").doc("Where raw block volumes appear."),
  livenessProbe: ref(10, Probe).doc("Asks whether it still works; restarted when not."),
  readinessProbe: ref(11, Probe).doc("Asks whether it can take traffic."),
  startupProbe: ref(22, Probe).doc("Asks whether it has come up; the other probes wait for it."),
  lifecycle: ref(12, Lifecycle).doc("What is done after it starts and before it stops."),
  terminationMessagePath: string(13)
    .default("/dev/termination-log")
    .doc("File whose end becomes the message of its status."),
  terminationMessagePolicy: string(20)
    .oneOf("File", "FallbackToLogsOnError")
    .default("File")
    .doc("Whether the log is taken when that file is empty."),
  imagePullPolicy: string(14).oneOf("Always", "Never", "IfNotPresent").doc("When the image is pulled."),
  securityContext: ref(15, SecurityContext).doc("Rights and identity; goes before the pod's."),
  stdin: bool(16).doc("Keeps its input open."),
  stdinOnce: bool(17).doc("Closes the input after the first client has left."),
  tty: bool(18).doc("Gives it a terminal."),
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
  targetContainerName: string(2).doc("Container whose processes it sees."),
});
export interface EphemeralContainer extends Of<typeof EphemeralContainer> {}
