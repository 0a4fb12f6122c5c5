/** The runtime as a whole: version, health, configuration. */
import { bool, list, ref, string, struct, type Of } from "#machinery/schema";

export const VersionRequest = struct("cri.v1.VersionRequest", {
  version: string(1).always(),
});
export interface VersionRequest extends Of<typeof VersionRequest> {}

export const VersionResponse = struct("cri.v1.VersionResponse", {
  version: string(1).always(),
  runtimeName: string(2).always(),
  runtimeVersion: string(3).always(),
  runtimeApiVersion: string(4).always(),
});
export interface VersionResponse extends Of<typeof VersionResponse> {}

export const RuntimeCondition = struct("cri.v1.RuntimeCondition", {
  type: string(1).always(),
  status: bool(2).always(),
  reason: string(3).always(),
  message: string(4).always(),
});
export interface RuntimeCondition extends Of<typeof RuntimeCondition> {}

export const RuntimeStatus = struct("cri.v1.RuntimeStatus", {
  conditions: list(1, RuntimeCondition).always(),
});
export interface RuntimeStatus extends Of<typeof RuntimeStatus> {}

export const StatusRequest = struct("cri.v1.StatusRequest", {
  verbose: bool(1).always(),
});
export interface StatusRequest extends Of<typeof StatusRequest> {}

export const RuntimeHandlerFeatures = struct("cri.v1.RuntimeHandlerFeatures", {
  recursiveReadOnlyMounts: bool(1).always(),
  userNamespaces: bool(2).always(),
});
export interface RuntimeHandlerFeatures extends Of<typeof RuntimeHandlerFeatures> {}

export const RuntimeHandler = struct("cri.v1.RuntimeHandler", {
  name: string(1).always(),
  features: ref(2, RuntimeHandlerFeatures),
});
export interface RuntimeHandler extends Of<typeof RuntimeHandler> {}

export const StatusResponse = struct("cri.v1.StatusResponse", {
  status: ref(1, RuntimeStatus),
  runtimeHandlers: list(3, RuntimeHandler).always(),
});
export interface StatusResponse extends Of<typeof StatusResponse> {}

export const NetworkConfig = struct("cri.v1.NetworkConfig", {
  podCidr: string(1).always(),
});
export interface NetworkConfig extends Of<typeof NetworkConfig> {}

export const RuntimeConfig = struct("cri.v1.RuntimeConfig", {
  networkConfig: ref(1, NetworkConfig),
});
export interface RuntimeConfig extends Of<typeof RuntimeConfig> {}

export const UpdateRuntimeConfigRequest = struct("cri.v1.UpdateRuntimeConfigRequest", {
  runtimeConfig: ref(1, RuntimeConfig),
});
export interface UpdateRuntimeConfigRequest extends Of<typeof UpdateRuntimeConfigRequest> {}

export const Empty = struct("cri.v1.Empty", {});
export interface Empty extends Of<typeof Empty> {}
