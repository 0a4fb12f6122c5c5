import { bool, int32, int64, list, type Of, string, struct, time } from "#machinery/schema";

export const NodeProxyOptions = struct("core.v1.NodeProxyOptions", {
  kind: string(0),
  apiVersion: string(0),
  path: string(1),
});
export interface NodeProxyOptions extends Of<typeof NodeProxyOptions> {}

export const PodAttachOptions = struct("core.v1.PodAttachOptions", {
  kind: string(0),
  apiVersion: string(0),
  stdin: bool(1),
  stdout: bool(2),
  stderr: bool(3),
  tty: bool(4),
  container: string(5),
});
export interface PodAttachOptions extends Of<typeof PodAttachOptions> {}

export const PodExecOptions = struct("core.v1.PodExecOptions", {
  kind: string(0),
  apiVersion: string(0),
  stdin: bool(1),
  stdout: bool(2),
  stderr: bool(3),
  tty: bool(4),
  container: string(5),
  command: list(6, string).required().atomic(),
});
export interface PodExecOptions extends Of<typeof PodExecOptions> {}

export const PodLogOptions = struct("core.v1.PodLogOptions", {
  kind: string(0),
  apiVersion: string(0),
  container: string(1),
  follow: bool(2),
  previous: bool(3),
  sinceSeconds: int64(4).pointer(),
  sinceTime: time(5).pointer(),
  timestamps: bool(6),
  tailLines: int64(7).pointer(),
  limitBytes: int64(8).pointer(),
  insecureSkipTLSVerifyBackend: bool(9),
  stream: string(10).pointer().gate("PodLogsQuerySplitStreams"),
});
export interface PodLogOptions extends Of<typeof PodLogOptions> {}

export const PodPortForwardOptions = struct("core.v1.PodPortForwardOptions", {
  kind: string(0),
  apiVersion: string(0),
  ports: list(1, int32).atomic(),
});
export interface PodPortForwardOptions extends Of<typeof PodPortForwardOptions> {}

export const PodProxyOptions = struct("core.v1.PodProxyOptions", {
  kind: string(0),
  apiVersion: string(0),
  path: string(1),
});
export interface PodProxyOptions extends Of<typeof PodProxyOptions> {}

export const ServiceProxyOptions = struct("core.v1.ServiceProxyOptions", {
  kind: string(0),
  apiVersion: string(0),
  path: string(1),
});
export interface ServiceProxyOptions extends Of<typeof ServiceProxyOptions> {}
