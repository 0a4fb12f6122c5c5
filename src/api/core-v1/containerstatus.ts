import { ResourceRequirements } from "#api/core-v1/resources";
import { SIGNALS } from "#api/core-v1/signal";
import {
  bool,
  int32,
  int64,
  list,
  map,
  type Of,
  quantity,
  ref,
  string,
  struct,
  time,
  value,
} from "#machinery/schema";

export const ContainerStateWaiting = struct("core.v1.ContainerStateWaiting", {
  reason: string(1).doc("One word on why."),
  message: string(2).doc("More about it in plain words."),
});
export interface ContainerStateWaiting extends Of<typeof ContainerStateWaiting> {}

export const ContainerStateRunning = struct("core.v1.ContainerStateRunning", {
  startedAt: time(1).orNull().doc("When it started."),
});
export interface ContainerStateRunning extends Of<typeof ContainerStateRunning> {}

export const ContainerStateTerminated = struct("core.v1.ContainerStateTerminated", {
  exitCode: int32(1).required().doc("Exit code of the process."),
  signal: int32(2).doc("Signal that ended it."),
  reason: string(3).doc("One word on why."),
  message: string(4).doc("More about it in plain words."),
  startedAt: time(5).orNull().doc("When it started."),
  finishedAt: time(6).orNull().doc("When it ended."),
  containerID: string(7).doc("Identity of the container."),
});
export interface ContainerStateTerminated extends Of<typeof ContainerStateTerminated> {}

export const ContainerState = struct("core.v1.ContainerState", {
  waiting: ref(1, ContainerStateWaiting).doc("It does not run yet, and why."),
  running: ref(2, ContainerStateRunning).doc("It runs."),
  terminated: ref(3, ContainerStateTerminated).doc("It has ended, and how."),
});
export interface ContainerState extends Of<typeof ContainerState> {}

export const VolumeMountStatus = struct("core.v1.VolumeMountStatus", {
  name: string(1).required().doc("Name of the mount's volume."),
  mountPath: string(2).required().doc("Path in the container."),
  readOnly: bool(3).doc("Only reading is allowed."),
  recursiveReadOnly: string(4).pointer().doc("Disabled or Enabled, for read-only mounts."),
});
export interface VolumeMountStatus extends Of<typeof VolumeMountStatus> {}

export const LinuxContainerUser = struct("core.v1.LinuxContainerUser", {
  uid: int64(1).required().doc("The object's uid."),
  gid: int64(2).required().doc("Primary group."),
  supplementalGroups: list(3, int64).atomic().doc("Further groups."),
});
export interface LinuxContainerUser extends Of<typeof LinuxContainerUser> {}

export const ContainerUser = struct("core.v1.ContainerUser", {
  linux: ref(1, LinuxContainerUser).doc("User and groups on Linux."),
});
export interface ContainerUser extends Of<typeof ContainerUser> {}

export const ResourceHealth = struct("core.v1.ResourceHealth", {
  resourceID: string(1).required().doc("Identity of the device."),
  health: string(2).doc("Healthy, Unhealthy or Unknown."),
});
export interface ResourceHealth extends Of<typeof ResourceHealth> {}

export const ResourceStatus = struct("core.v1.ResourceStatus", {
  name: string(1).required().doc("Resource, such as claim:name/request."),
  resources: list(2, ResourceHealth).keyedBy("resourceID").doc("Health of each device."),
});
export interface ResourceStatus extends Of<typeof ResourceStatus> {}

export const ContainerStatus = struct("core.v1.ContainerStatus", {
  name: string(1).required().doc("Name of the container."),
  state: value(2, ContainerState).doc("What it is doing now."),
  lastState: value(3, ContainerState).doc("How it ended last."),
  ready: bool(4).required().doc("May take traffic."),
  restartCount: int32(5).required().doc("Times it was started again."),
  image: string(6).required().doc("Image it runs."),
  imageID: string(7).required().doc("Exact image, by digest."),
  containerID: string(8).doc("The runtime's name for it."),
  started: bool(9).pointer().doc("Has passed its startup probe."),
  allocatedResources: map(10, quantity)
    .gate("InPlacePodVerticalScalingAllocatedStatus")
    .doc("What the node set aside for the container."),
  resources: ref(11, ResourceRequirements).doc("Requests and limits that are in force."),
  volumeMounts: list(12, VolumeMountStatus).mergedBy("mountPath").doc("How its volumes are mounted."),
  user: ref(13, ContainerUser).doc("User that the first process began as."),
  allocatedResourcesStatus: list(14, ResourceStatus)
    .mergedBy("name")
    .gate("ResourceHealthStatus")
    .doc("Health of devices that the container has."),
  stopSignal: string(15)
    .pointer()
    .oneOf(...SIGNALS)
    .gate("ContainerStopSignals")
    .doc("Signal that ends the container."),
});
export interface ContainerStatus extends Of<typeof ContainerStatus> {}
