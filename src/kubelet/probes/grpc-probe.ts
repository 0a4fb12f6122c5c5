import type { Clock } from "#base/clock";
import { int32, string, struct } from "#machinery/schema";
import { Connection, isRpcTimeout, isRpcUnavailable, isRpcUnimplemented, method } from "../cri/connection.ts";
import type { ProbeAnswer } from "./http-probe.ts";

const HealthCheckRequest = struct("grpc.health.v1.HealthCheckRequest", { service: string(1).always() });
const HealthCheckResponse = struct("grpc.health.v1.HealthCheckResponse", { status: int32(1).always() });
const Check = method("/grpc.health.v1.Health/Check", HealthCheckRequest, HealthCheckResponse);
const SERVING = 1;
const STATUS_NAMES = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"] as const;

/** Good when the server says that the service, or all of it, is serving. */
export async function probeGrpc(
  host: string,
  port: number,
  service: string,
  timeoutMs: number,
  clock: Clock,
): Promise<ProbeAnswer> {
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const connection = new Connection(address, clock);
  try {
    const { status } = await connection.call(Check, { service }, { timeoutMs });
    if (status === SERVING) return { success: true, output: "service healthy" };
    return {
      success: false,
      output: `service unhealthy (responded with "${STATUS_NAMES[status] ?? status}")`,
    };
  } catch (error) {
    return { success: false, output: failureText(error, address, timeoutMs) };
  } finally {
    connection.close();
  }
}

function failureText(error: unknown, address: string, timeoutMs: number): string {
  if (isRpcUnimplemented(error))
    return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health)`;
  if (isRpcTimeout(error)) return `timeout: health rpc did not complete within ${timeoutMs / 1000}s`;
  if (isRpcUnavailable(error)) return `error: failed to connect service at "${address}"`;
  return `error: health rpc probe failed: ${(error as Error).message}`;
}
