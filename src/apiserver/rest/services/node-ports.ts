import { needsHealthPort } from "#api/core-v1/service-rules";
import type { ServicePort, ServiceSpec } from "#api/core-v1/servicespec";
import type { Random } from "#base/random";
import { type FieldProblem, invalid } from "#machinery/schema";
import { internalError } from "#machinery/status";
import { ROOT } from "../../storage/keys.ts";
import { Claims } from "./claims.ts";
import { holdingsOf } from "./holdings.ts";
import { type ServiceRanges, freeNodePort } from "./ranges.ts";

/** A key for each port that is taken. */
export const NODE_PORTS = `${ROOT}ranges/servicenodeports/`;
export const nodePortKey = (port: number): string => `${NODE_PORTS}${port}`;

export interface NodePortsOptions {
  readonly range: ServiceRanges["nodePorts"];
  readonly random: Random;
}

/** Which node ports are free, and which a service gets. What is answered here is settled only when it is stored. */
export class NodePorts {
  readonly #options: NodePortsOptions;
  readonly #claims = new Claims<number>();

  constructor(options: NodePortsOptions) {
    this.#options = options;
  }

  claim(port: number, service: string): void {
    this.#claims.add(port, service);
  }

  release(port: number, service: string): void {
    this.#claims.remove(port, service);
  }

  /** The service that has it, of several the one that has had it for longest. */
  owner(port: number): string | undefined {
    return this.#claims.owner(port);
  }

  /** Why nobody can have the port. */
  #problemOf(port: number): string | undefined {
    const { first, last } = this.#options.range;
    if (port < first || port > last) {
      return `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
    }
    return this.#claims.has(port) ? "provided port is already allocated" : undefined;
  }

  /** The service with the node ports that its type needs. `problems` hears of wanted ones that it cannot have. */
  assign(spec: ServiceSpec, old: ServiceSpec | undefined, problems: FieldProblem[]): ServiceSpec {
    const own = new Set(old ? holdingsOf(old).ports : []);
    const mine = new Set<number>();
    for (const [index, { nodePort }] of (spec.ports ?? []).entries()) {
      if (!nodePort || mine.has(nodePort)) continue;
      const problem = own.has(nodePort) ? undefined : this.#problemOf(nodePort);
      if (problem) problems.push(invalid(`spec.ports[${index}].nodePort`, nodePort, problem));
      mine.add(nodePort);
    }
    const next = (what: string): number => {
      const taken = (port: number) => mine.has(port) || (this.#claims.has(port) && !own.has(port));
      const port = freeNodePort(this.#options.range, taken, this.#options.random);
      if (port === undefined) throw internalError(`failed to allocate a ${what}: range is full`);
      mine.add(port);
      return port;
    };
    const ports = this.#servicePorts(spec, old, () => next("nodePort"));
    const healthCheckNodePort = this.#healthPort(spec, own, () => next("HealthCheck NodePort"));
    return { ...spec, ...(ports ? { ports } : {}), ...(healthCheckNodePort ? { healthCheckNodePort } : {}) };
  }

  #servicePorts(
    spec: ServiceSpec,
    old: ServiceSpec | undefined,
    next: () => number,
  ): readonly ServicePort[] | undefined {
    if (!needsNodePorts(spec)) return spec.ports;
    // A new service has one node port for one port, whatever protocols that serves.
    const shared = new Map<number, number>();
    if (!old) for (const { port, nodePort } of spec.ports ?? []) if (nodePort) shared.set(port, nodePort);
    return spec.ports?.map((port) => {
      if (port.nodePort) return port;
      const nodePort = (old ? undefined : shared.get(port.port)) ?? next();
      shared.set(port.port, nodePort);
      return { ...port, nodePort };
    });
  }

  #healthPort(spec: ServiceSpec, own: ReadonlySet<number>, next: () => number): number | undefined {
    const { healthCheckNodePort: wanted } = spec;
    if (!needsHealthPort(spec)) return wanted;
    if (!wanted) return next();
    const problem = own.has(wanted) ? undefined : this.#problemOf(wanted);
    if (problem)
      throw internalError(`failed to allocate requested HealthCheck NodePort ${wanted}: ${problem}`);
    return wanted;
  }
}

const needsNodePorts = ({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean =>
  type === "NodePort" || (type === "LoadBalancer" && allocateLoadBalancerNodePorts !== false);
