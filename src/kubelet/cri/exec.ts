/** Commands in containers, and the addresses where the runtime streams them. */
import { bool, int32, int64, list, rawBytes, string, struct, type Of } from "#machinery/schema";

export const ExecSyncRequest = struct("cri.v1.ExecSyncRequest", {
  containerId: string(1).always(),
  cmd: list(2, string).always(),
  timeout: int64(3).always(),
});
export interface ExecSyncRequest extends Of<typeof ExecSyncRequest> {}

export const ExecSyncResponse = struct("cri.v1.ExecSyncResponse", {
  stdout: rawBytes(1).always(),
  stderr: rawBytes(2).always(),
  exitCode: int32(3).always(),
});
export interface ExecSyncResponse extends Of<typeof ExecSyncResponse> {}

export const ExecRequest = struct("cri.v1.ExecRequest", {
  containerId: string(1).always(),
  cmd: list(2, string).always(),
  tty: bool(3).always(),
  stdin: bool(4).always(),
  stdout: bool(5).always(),
  stderr: bool(6).always(),
});
export interface ExecRequest extends Of<typeof ExecRequest> {}

export const ExecResponse = struct("cri.v1.ExecResponse", {
  url: string(1).always(),
});
export interface ExecResponse extends Of<typeof ExecResponse> {}

export const AttachRequest = struct("cri.v1.AttachRequest", {
  containerId: string(1).always(),
  stdin: bool(2).always(),
  tty: bool(3).always(),
  stdout: bool(4).always(),
  stderr: bool(5).always(),
});
export interface AttachRequest extends Of<typeof AttachRequest> {}

export const AttachResponse = struct("cri.v1.AttachResponse", {
  url: string(1).always(),
});
export interface AttachResponse extends Of<typeof AttachResponse> {}

export const PortForwardRequest = struct("cri.v1.PortForwardRequest", {
  podSandboxId: string(1).always(),
  port: list(2, int32).always(),
});
export interface PortForwardRequest extends Of<typeof PortForwardRequest> {}

export const PortForwardResponse = struct("cri.v1.PortForwardResponse", {
  url: string(1).always(),
});
export interface PortForwardResponse extends Of<typeof PortForwardResponse> {}
