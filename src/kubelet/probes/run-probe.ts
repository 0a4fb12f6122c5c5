import type { Clock } from "#base/clock";
import { isRpcTimeout } from "../cri/connection.ts";
import type { ContainerRuntime } from "../cri/client.ts";
import type { Container, LifecycleHandler, Probe } from "../pod/spec.ts";
import { type HttpCheck, probeHttp, type ProbeAnswer } from "./http-probe.ts";
import { probeGrpc } from "./grpc-probe.ts";
import { probeTcp } from "./tcp-probe.ts";

export interface ProbeTarget {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly container: Container;
  readonly containerId: string;
  /** The pod's address, or the node's for pods in its network. */
  readonly host: string;
}

/** Does what the probe says, once. Never throws. */
export async function runProbe(probe: Probe, target: ProbeTarget): Promise<ProbeAnswer> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const { httpGet, tcpSocket, exec, grpc } = probe;
  try {
    if (exec) return await probeExec(exec.command ?? [], timeoutMs, target);
    if (grpc) return await probeGrpc(target.host, grpc.port, grpc.service ?? "", timeoutMs, target.clock);
    return await withTimeout(target.clock, timeoutMs, (signal) => {
      if (httpGet) return probeHttp(httpCheck(httpGet, target), signal);
      if (!tcpSocket) throw new Error("the probe names nothing to do");
      return probeTcp(tcpSocket.host || target.host, portNumber(tcpSocket.port, target.container), signal);
    });
  } catch (error) {
    return { success: false, output: (error as Error).message };
  }
}

export function httpCheck(
  { scheme = "HTTP", host, port, path = "/", httpHeaders = [] }: NonNullable<LifecycleHandler["httpGet"]>,
  target: Pick<ProbeTarget, "host" | "container">,
): HttpCheck {
  return {
    scheme,
    host: host || target.host,
    port: portNumber(port, target.container),
    path,
    headers: httpHeaders,
  };
}

/** A number, or the name of one of the container's ports. */
export function portNumber(port: number | string, { ports = [] }: Container): number {
  const named = ports.find(({ name }) => name === port);
  const number = named?.containerPort ?? Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw new Error(`invalid port number: ${port}`);
  return number;
}

async function probeExec(
  command: readonly string[],
  timeoutMs: number,
  target: ProbeTarget,
): Promise<ProbeAnswer> {
  try {
    const { exitCode, stdout, stderr } = await target.runtime.execSync(
      target.containerId,
      command,
      Math.ceil(timeoutMs / 1000),
    );
    const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    return { success: exitCode === 0, output };
  } catch (error) {
    const text = (error as Error).message;
    const timedOut = isRpcTimeout(error) || text.includes("timeout");
    return { success: false, output: timedOut ? `command timed out: ${command.join(" ")}` : text };
  }
}

export async function withTimeout<T>(
  clock: Clock,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const cancel = clock.after(timeoutMs, () => abort.abort());
  try {
    return await work(abort.signal);
  } finally {
    cancel();
  }
}
