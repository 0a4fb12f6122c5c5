/** Tells load balancers whether this node has backends of a Service with the external traffic policy `Local`. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { Service } from "#api/core-v1/service";
import { logger } from "#base/log";
import type { ServicePort } from "./model.ts";

const log = logger("proxy");

export interface HealthCheck {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  readonly localEndpoints: number;
}

/** What is to be answered for the Service; undefined when nothing is. */
export function healthCheckOf(
  { metadata, spec }: Service,
  ports: readonly ServicePort[],
): HealthCheck | undefined {
  const { healthCheckNodePort: port } = spec;
  if (spec.type !== "LoadBalancer" || spec.externalTrafficPolicy !== "Local" || !port) return undefined;
  const local = new Set(ports.flatMap(({ preserved }) => (preserved ?? []).map(({ address }) => address)));
  return { namespace: metadata.namespace ?? "", name: metadata.name, port, localEndpoints: local.size };
}

/** One small server for each Service that asks for one. */
export class HealthCheckServers {
  readonly #servers = new Map<string, { check: HealthCheck; readonly server: Server }>();

  /** Sets, changes or ends (undefined) the answer for a Service. */
  set(service: string, check: HealthCheck | undefined): void {
    const running = this.#servers.get(service);
    if (running && running.check.port === check?.port) running.check = check;
    else {
      if (running) this.#stop(service);
      if (check) this.#start(service, check);
    }
  }

  close(): void {
    for (const service of this.#servers.keys()) this.#stop(service);
  }

  #start(service: string, check: HealthCheck): void {
    const server = createServer((_request, response) => {
      const { check: current } = this.#servers.get(service) ?? { check };
      answer(response, current);
    });
    server.on("error", (error) =>
      log.error("health check port cannot be served", { service, port: check.port, error }),
    );
    server.listen(check.port);
    server.unref();
    this.#servers.set(service, { check, server });
  }

  #stop(service: string): void {
    const running = this.#servers.get(service);
    this.#servers.delete(service);
    running?.server.close();
    running?.server.closeAllConnections();
  }
}

function answer(response: ServerResponse, { namespace, name, localEndpoints }: HealthCheck): void {
  const body = { service: { namespace, name }, localEndpoints, serviceProxyHealthy: true };
  response.writeHead(localEndpoints > 0 ? 200 : 503, {
    "content-type": "application/json",
    "x-content-type-options": "nosniff",
    "x-load-balancing-endpoint-weight": String(localEndpoints),
  });
  response.end(JSON.stringify(body));
}
