import { SIGNALS } from "#api/core-v1/signal";
import { inline, int32, int64, intOrString, list, type Of, ref, string, struct } from "#machinery/schema";

export const ExecAction = struct("core.v1.ExecAction", {
  command: list(1, string).atomic(),
});
export interface ExecAction extends Of<typeof ExecAction> {}

export const GRPCAction = struct("core.v1.GRPCAction", {
  port: int32(1).required(),
  service: string(2).pointer().always().default(""),
});
export interface GRPCAction extends Of<typeof GRPCAction> {}

export const HTTPHeader = struct("core.v1.HTTPHeader", {
  name: string(1).required(),
  value: string(2).required(),
});
export interface HTTPHeader extends Of<typeof HTTPHeader> {}

export const HTTPGetAction = struct("core.v1.HTTPGetAction", {
  path: string(1).default("/"),
  port: intOrString(2).required(),
  host: string(3),
  scheme: string(4).oneOf("HTTP", "HTTPS").default("HTTP"),
  httpHeaders: list(5, HTTPHeader).atomic(),
});
export interface HTTPGetAction extends Of<typeof HTTPGetAction> {}

export const TCPSocketAction = struct("core.v1.TCPSocketAction", {
  port: intOrString(1).required(),
  host: string(2),
});
export interface TCPSocketAction extends Of<typeof TCPSocketAction> {}

export const SleepAction = struct("core.v1.SleepAction", {
  seconds: int64(1).required(),
});
export interface SleepAction extends Of<typeof SleepAction> {}

export const LifecycleHandler = struct("core.v1.LifecycleHandler", {
  exec: ref(1, ExecAction),
  httpGet: ref(2, HTTPGetAction),
  tcpSocket: ref(3, TCPSocketAction),
  sleep: ref(4, SleepAction),
});
export interface LifecycleHandler extends Of<typeof LifecycleHandler> {}

export const Lifecycle = struct("core.v1.Lifecycle", {
  postStart: ref(1, LifecycleHandler),
  preStop: ref(2, LifecycleHandler),
  stopSignal: string(3)
    .pointer()
    .oneOf(...SIGNALS),
});
export interface Lifecycle extends Of<typeof Lifecycle> {}

export const ProbeHandler = struct("core.v1.ProbeHandler", {
  exec: ref(1, ExecAction),
  httpGet: ref(2, HTTPGetAction),
  tcpSocket: ref(3, TCPSocketAction),
  grpc: ref(4, GRPCAction),
});
export interface ProbeHandler extends Of<typeof ProbeHandler> {}

export const Probe = struct("core.v1.Probe", {
  handler: inline(1, ProbeHandler),
  initialDelaySeconds: int32(2),
  timeoutSeconds: int32(3).default(1),
  periodSeconds: int32(4).default(10),
  successThreshold: int32(5).default(1),
  failureThreshold: int32(6).default(3),
  terminationGracePeriodSeconds: int64(7).pointer(),
});
export interface Probe extends Of<typeof Probe> {}
