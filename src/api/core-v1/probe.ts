import { inRange, named, portNumberOrName, setMembers } from "#api/checks";
import { SIGNALS } from "#api/core-v1/signal";
import {
  at,
  type FieldProblem,
  forbidden,
  inline,
  int32,
  int64,
  intOrString,
  invalid,
  list,
  type Of,
  ref,
  required,
  string,
  struct,
} from "#machinery/schema";

export const ExecAction = struct("core.v1.ExecAction", {
  command: list(1, string).atomic().notEmpty().doc("Program and arguments; no shell is involved."),
});
export interface ExecAction extends Of<typeof ExecAction> {}

export const GRPCAction = struct(
  "core.v1.GRPCAction",
  {
    port: int32(1).required().doc("Port of the gRPC server."),
    service: string(2).pointer().always().default("").doc("Service whose health is asked for."),
  },
  {
    *validate({ port }, path) {
      yield* inRange(at(path, "port"), port, 1, 65_535);
    },
  },
);
export interface GRPCAction extends Of<typeof GRPCAction> {}

export const HTTPHeader = struct("core.v1.HTTPHeader", {
  name: string(1).required().doc("Name of the header."),
  value: string(2).required().doc("Value of the header."),
});
export interface HTTPHeader extends Of<typeof HTTPHeader> {}

export const HTTPGetAction = struct(
  "core.v1.HTTPGetAction",
  {
    path: string(1).default("/").notEmpty().doc("Path that is asked for."),
    port: intOrString(2).required().doc("Port by number or name."),
    host: string(3).doc("Host; by default the pod's address."),
    scheme: string(4).oneOf("HTTP", "HTTPS").default("HTTP").doc("HTTP or HTTPS."),
    httpHeaders: list(5, HTTPHeader).atomic().doc("Headers of the request."),
  },
  {
    *validate({ port, httpHeaders }, path) {
      yield* portNumberOrName(at(path, "port"), port);
      for (const { name } of httpHeaders ?? []) yield* named(at(path, "httpHeaders"), name, "header-name");
    },
  },
);
export interface HTTPGetAction extends Of<typeof HTTPGetAction> {}

export const TCPSocketAction = struct(
  "core.v1.TCPSocketAction",
  {
    port: intOrString(1).required().doc("Port that is connected to, by number or name."),
    host: string(2).doc("Host that is connected to; by default the pod."),
  },
  {
    *validate({ port }, path) {
      yield* portNumberOrName(at(path, "port"), port);
    },
  },
);
export interface TCPSocketAction extends Of<typeof TCPSocketAction> {}

export const SleepAction = struct("core.v1.SleepAction", {
  seconds: int64(1).required().doc("How long to sleep."),
});
export interface SleepAction extends Of<typeof SleepAction> {}

/** Exactly one way to reach the container. */
function* handlerProblems<T extends object>(
  handler: T,
  ways: readonly (keyof T & string)[],
  path: string,
): Iterable<FieldProblem> {
  const [first, ...more] = setMembers(handler, ways);
  if (first === undefined) yield required(path, "must specify a handler type");
  for (const way of more) yield forbidden(at(path, way), "may not specify more than 1 handler type");
}

export const LifecycleHandler = struct(
  "core.v1.LifecycleHandler",
  {
    exec: ref(1, ExecAction).doc("Runs a command in the container."),
    httpGet: ref(2, HTTPGetAction).doc("Sends a GET."),
    tcpSocket: ref(3, TCPSocketAction).doc("Not supported any more."),
    sleep: ref(4, SleepAction).doc("Waits."),
  },
  {
    *validate(handler, path) {
      yield* handlerProblems(handler, ["exec", "httpGet", "tcpSocket", "sleep"], path);
    },
  },
);
export interface LifecycleHandler extends Of<typeof LifecycleHandler> {}

export const Lifecycle = struct("core.v1.Lifecycle", {
  postStart: ref(1, LifecycleHandler).doc("Done right after the start."),
  preStop: ref(2, LifecycleHandler).doc("Done before the container is asked to stop."),
  stopSignal: string(3)
    .pointer()
    .oneOf(...SIGNALS)
    .doc("Signal that asks it to stop."),
});
export interface Lifecycle extends Of<typeof Lifecycle> {}

export const ProbeHandler = struct("core.v1.ProbeHandler", {
  exec: ref(1, ExecAction).doc("Runs a command in the container; success is exit code 0."),
  httpGet: ref(2, HTTPGetAction).doc("Sends a GET; success is a status from 200 to 399."),
  tcpSocket: ref(3, TCPSocketAction).doc("Opens a connection."),
  grpc: ref(4, GRPCAction).doc("Asks the gRPC health service."),
});
export interface ProbeHandler extends Of<typeof ProbeHandler> {}

export const Probe = struct(
  "core.v1.Probe",
  {
    handler: inline(1, ProbeHandler),
    initialDelaySeconds: int32(2).min(0).doc("Wait after the start before the first check."),
    timeoutSeconds: int32(3).default(1).min(0).doc("An answer must come in this time."),
    periodSeconds: int32(4).default(10).min(0).doc("Time between checks."),
    successThreshold: int32(5).default(1).min(0).doc("Successes in a row that count as one."),
    failureThreshold: int32(6).default(3).min(0).doc("Failures in a row that count as one."),
    terminationGracePeriodSeconds: int64(7)
      .pointer()
      .doc("In place of the pod's own, when this probe ends the container."),
  },
  {
    *validate(probe, path) {
      yield* handlerProblems(probe, ["exec", "httpGet", "tcpSocket", "grpc"], path);
      const grace = probe.terminationGracePeriodSeconds;
      if (grace !== undefined && grace <= 0)
        yield invalid(at(path, "terminationGracePeriodSeconds"), grace, "must be greater than 0");
    },
  },
);
export interface Probe extends Of<typeof Probe> {}
