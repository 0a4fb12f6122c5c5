/** Containers: configuration, status and calls of CRI v1. */
import {
  bigint64,
  bool,
  int32,
  int64,
  list,
  map,
  ref,
  string,
  struct,
  uint32,
  type Of,
} from "#machinery/schema";
import { ImageSpec } from "./image.ts";
import { ContainerResources, LinuxContainerResources } from "./resources.ts";
import { PodSandboxConfig } from "./sandbox.ts";
import { LinuxContainerSecurityContext } from "./security.ts";

export const MountPropagation = { private: 0, hostToContainer: 1, bidirectional: 2 } as const;

export const ContainerState = { created: 0, running: 1, exited: 2, unknown: 3 } as const;

export const KeyValue = struct("cri.v1.KeyValue", {
  key: string(1).always(),
  value: string(2).always(),
});
export interface KeyValue extends Of<typeof KeyValue> {}

export const Mount = struct("cri.v1.Mount", {
  containerPath: string(1).always(),
  hostPath: string(2).always(),
  readonly: bool(3).always(),
  propagation: int32(5).always(),
  recursiveReadOnly: bool(8).always(),
});
export interface Mount extends Of<typeof Mount> {}

export const Device = struct("cri.v1.Device", {
  containerPath: string(1).always(),
  hostPath: string(2).always(),
  permissions: string(3).always(),
});
export interface Device extends Of<typeof Device> {}

export const LinuxContainerConfig = struct("cri.v1.LinuxContainerConfig", {
  resources: ref(1, LinuxContainerResources),
  securityContext: ref(2, LinuxContainerSecurityContext),
});
export interface LinuxContainerConfig extends Of<typeof LinuxContainerConfig> {}

export const ContainerMetadata = struct("cri.v1.ContainerMetadata", {
  name: string(1).always(),
  attempt: uint32(2).always(),
});
export interface ContainerMetadata extends Of<typeof ContainerMetadata> {}

export const ContainerConfig = struct("cri.v1.ContainerConfig", {
  metadata: ref(1, ContainerMetadata),
  image: ref(2, ImageSpec),
  command: list(3, string).always(),
  args: list(4, string).always(),
  workingDir: string(5).always(),
  envs: list(6, KeyValue).always(),
  mounts: list(7, Mount).always(),
  devices: list(8, Device).always(),
  labels: map(9, string).always(),
  annotations: map(10, string).always(),
  logPath: string(11).always(),
  stdin: bool(12).always(),
  stdinOnce: bool(13).always(),
  tty: bool(14).always(),
  linux: ref(15, LinuxContainerConfig),
  stopSignal: int32(18).always(),
});
export interface ContainerConfig extends Of<typeof ContainerConfig> {}

export const CreateContainerRequest = struct("cri.v1.CreateContainerRequest", {
  podSandboxId: string(1).always(),
  config: ref(2, ContainerConfig),
  sandboxConfig: ref(3, PodSandboxConfig),
});
export interface CreateContainerRequest extends Of<typeof CreateContainerRequest> {}

export const CreateContainerResponse = struct("cri.v1.CreateContainerResponse", {
  containerId: string(1).always(),
});
export interface CreateContainerResponse extends Of<typeof CreateContainerResponse> {}

export const StartContainerRequest = struct("cri.v1.StartContainerRequest", {
  containerId: string(1).always(),
});
export interface StartContainerRequest extends Of<typeof StartContainerRequest> {}

export const StopContainerRequest = struct("cri.v1.StopContainerRequest", {
  containerId: string(1).always(),
  timeout: int64(2).always(),
});
export interface StopContainerRequest extends Of<typeof StopContainerRequest> {}

export const RemoveContainerRequest = struct("cri.v1.RemoveContainerRequest", {
  containerId: string(1).always(),
});
export interface RemoveContainerRequest extends Of<typeof RemoveContainerRequest> {}

export const ContainerStateValue = struct("cri.v1.ContainerStateValue", {
  state: int32(1).always(),
});
export interface ContainerStateValue extends Of<typeof ContainerStateValue> {}

export const ContainerFilter = struct("cri.v1.ContainerFilter", {
  id: string(1).always(),
  state: ref(2, ContainerStateValue),
  podSandboxId: string(3).always(),
  labelSelector: map(4, string).always(),
});
export interface ContainerFilter extends Of<typeof ContainerFilter> {}

export const ListContainersRequest = struct("cri.v1.ListContainersRequest", {
  filter: ref(1, ContainerFilter),
});
export interface ListContainersRequest extends Of<typeof ListContainersRequest> {}

export const ContainerSummary = struct("cri.v1.Container", {
  id: string(1).always(),
  podSandboxId: string(2).always(),
  metadata: ref(3, ContainerMetadata),
  image: ref(4, ImageSpec),
  imageRef: string(5).always(),
  state: int32(6).always(),
  createdAt: bigint64(7).always(),
  labels: map(8, string).always(),
  annotations: map(9, string).always(),
  imageId: string(10).always(),
});
export interface ContainerSummary extends Of<typeof ContainerSummary> {}

export const ListContainersResponse = struct("cri.v1.ListContainersResponse", {
  containers: list(1, ContainerSummary).always(),
});
export interface ListContainersResponse extends Of<typeof ListContainersResponse> {}

export const ContainerStatusRequest = struct("cri.v1.ContainerStatusRequest", {
  containerId: string(1).always(),
  verbose: bool(2).always(),
});
export interface ContainerStatusRequest extends Of<typeof ContainerStatusRequest> {}

export const LinuxContainerUser = struct("cri.v1.LinuxContainerUser", {
  uid: int64(1).always(),
  gid: int64(2).always(),
  supplementalGroups: list(3, int64).always(),
});
export interface LinuxContainerUser extends Of<typeof LinuxContainerUser> {}

export const ContainerUser = struct("cri.v1.ContainerUser", {
  linux: ref(1, LinuxContainerUser),
});
export interface ContainerUser extends Of<typeof ContainerUser> {}

export const ContainerStatus = struct("cri.v1.ContainerStatus", {
  id: string(1).always(),
  metadata: ref(2, ContainerMetadata),
  state: int32(3).always(),
  createdAt: bigint64(4).always(),
  startedAt: bigint64(5).always(),
  finishedAt: bigint64(6).always(),
  exitCode: int32(7).always(),
  image: ref(8, ImageSpec),
  imageRef: string(9).always(),
  reason: string(10).always(),
  message: string(11).always(),
  labels: map(12, string).always(),
  annotations: map(13, string).always(),
  mounts: list(14, Mount).always(),
  logPath: string(15).always(),
  resources: ref(16, ContainerResources),
  imageId: string(17).always(),
  user: ref(18, ContainerUser),
  stopSignal: int32(19).always(),
});
export interface ContainerStatus extends Of<typeof ContainerStatus> {}

export const ContainerStatusResponse = struct("cri.v1.ContainerStatusResponse", {
  status: ref(1, ContainerStatus),
  info: map(2, string).always(),
});
export interface ContainerStatusResponse extends Of<typeof ContainerStatusResponse> {}

export const ReopenContainerLogRequest = struct("cri.v1.ReopenContainerLogRequest", {
  containerId: string(1).always(),
});
export interface ReopenContainerLogRequest extends Of<typeof ReopenContainerLogRequest> {}
