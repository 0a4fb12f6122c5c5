import { EnvFromSource, EnvVar } from "#api/core-v1/env";
import { Lifecycle, Probe } from "#api/core-v1/probe";
import { ResourceRequirements } from "#api/core-v1/resources";
import { SecurityContext } from "#api/core-v1/security";
import { bool, inline, int32, list, type Of, ref, string, struct, value } from "#machinery/schema";

export const ContainerPort = struct("core.v1.ContainerPort", {
  name: string(1),
  hostPort: int32(2),
  containerPort: int32(3).required(),
  protocol: string(4).oneOf("TCP", "UDP", "SCTP").default("TCP"),
  hostIP: string(5),
});
export interface ContainerPort extends Of<typeof ContainerPort> {}

export const ContainerResizePolicy = struct("core.v1.ContainerResizePolicy", {
  resourceName: string(1).required(),
  restartPolicy: string(2).required(),
});
export interface ContainerResizePolicy extends Of<typeof ContainerResizePolicy> {}

export const ContainerRestartRuleOnExitCodes = struct("core.v1.ContainerRestartRuleOnExitCodes", {
  operator: string(1).required().omitEmpty(),
  values: list(2, int32).set(),
});
export interface ContainerRestartRuleOnExitCodes extends Of<typeof ContainerRestartRuleOnExitCodes> {}

export const ContainerRestartRule = struct("core.v1.ContainerRestartRule", {
  action: string(1).required().omitEmpty(),
  exitCodes: ref(2, ContainerRestartRuleOnExitCodes),
});
export interface ContainerRestartRule extends Of<typeof ContainerRestartRule> {}

export const VolumeMount = struct("core.v1.VolumeMount", {
  name: string(1).required(),
  readOnly: bool(2),
  recursiveReadOnly: string(7).pointer(),
  mountPath: string(3).required(),
  subPath: string(4),
  mountPropagation: string(5).pointer().oneOf("None", "HostToContainer", "Bidirectional"),
  subPathExpr: string(6),
});
export interface VolumeMount extends Of<typeof VolumeMount> {}

export const VolumeDevice = struct("core.v1.VolumeDevice", {
  name: string(1).required(),
  devicePath: string(2).required(),
});
export interface VolumeDevice extends Of<typeof VolumeDevice> {}

/** Ordinary and ephemeral containers have the same fields; what an ephemeral one may not use is a rule. */
const containerFields = {
  name: string(1).required(),
  image: string(2),
  command: list(3, string).atomic(),
  args: list(4, string).atomic(),
  workingDir: string(5),
  ports: list(6, ContainerPort).mergedBy("containerPort", "protocol"),
  envFrom: list(19, EnvFromSource).atomic(),
  env: list(7, EnvVar).mergedBy("name"),
  resources: value(8, ResourceRequirements),
  resizePolicy: list(23, ContainerResizePolicy).atomic(),
  restartPolicy: string(24).pointer(),
  restartPolicyRules: list(25, ContainerRestartRule).atomic().gate("ContainerRestartRules"),
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

export const Container = struct("core.v1.Container", containerFields);
export interface Container extends Of<typeof Container> {}

export const EphemeralContainerCommon = struct("core.v1.EphemeralContainerCommon", containerFields);
export interface EphemeralContainerCommon extends Of<typeof EphemeralContainerCommon> {}

export const EphemeralContainer = struct("core.v1.EphemeralContainer", {
  ephemeralContainerCommon: inline(1, EphemeralContainerCommon),
  targetContainerName: string(2),
});
export interface EphemeralContainer extends Of<typeof EphemeralContainer> {}
