import type { Service } from "#api/core-v1/service";
import type { ServicePort, ServiceSpec } from "#api/core-v1/servicespec";
import { IPAddress } from "#api/networking-v1/ipaddress";
import { canonicalIp, cidrHas, familyOf, formatCidr } from "#base/ip";
import { type Random, uuid } from "#base/random";
import type { Clock } from "#base/clock";
import { type AnyObject, type FieldProblem, invalid, type Resource } from "#machinery/schema";
import { internalError, invalidObject } from "#machinery/status";
import { formatTime } from "#machinery/time";
import type { Change, Guard } from "#store/store";
import { encodeStored } from "../../storage/item.ts";
import { ROOT, prefixOf } from "../../storage/keys.ts";
import type { Companions } from "../../storage/kind-storage.ts";
import type { KindCache } from "../../watch/kind-cache.ts";
import type { KindHooks, Prepared } from "../kind-hooks.ts";
import { canonical } from "../rules.ts";
import { familiesOf, nameOfFamily } from "./families.ts";
import { type ServiceRanges, freeAddress, freeNodePort, rangeOf } from "./ranges.ts";

export interface ServiceHooksOptions {
  readonly ranges: ServiceRanges;
  readonly services: KindCache;
  /** Addresses that are somebody's, also where no service has them. */
  readonly addresses: KindCache | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** Waits until caches show all that has been written. */
  readonly fresh: () => Promise<void> | undefined;
}

const ADDRESSES = prefixOf(IPAddress.storagePrefix);
const NODE_PORTS = `${ROOT}ranges/servicenodeports/`;
const NONE = "None";

/**
 * Cluster addresses and node ports of services. Each one is a key of its own that must not exist when a service
 * takes it, and is written and deleted together with the service: no two can have the same, and none is ever lost.
 */
export class ServiceHooks implements KindHooks {
  readonly #options: ServiceHooksOptions;
  readonly #addresses = new Map<string, string>();
  readonly #ports = new Map<number, string>();

  constructor(options: ServiceHooksOptions) {
    this.#options = options;
    const { services } = options;
    for (const item of services.all()) this.#account(item.object as Service, item.key);
    services.onChange((before, after) => {
      if (before) this.#forget(before.object as Service);
      if (after) this.#account(after.object as Service, after.key);
    });
  }

  async onCreate(object: AnyObject): Promise<Prepared> {
    await this.#options.fresh();
    return this.#prepare(object as Service, undefined);
  }

  async onUpdate(object: AnyObject, old: AnyObject): Promise<Prepared> {
    const [service, before] = [object as Service, old as Service];
    if (service.spec === before.spec) return { object, companions: { guards: [], changes: [] } };
    await this.#options.fresh();
    return this.#prepare(service, before);
  }

  onDelete(object: AnyObject): Promise<Companions> {
    const { addresses, ports } = heldBy(object as Service);
    const keys = [
      ...addresses.map((address) => ADDRESSES + address),
      ...ports.map((port) => `${NODE_PORTS}${port}`),
    ];
    return Promise.resolve({ guards: [], changes: keys.map((key) => ({ type: "delete", key })) });
  }

  #prepare(service: Service, old: Service | undefined): Prepared {
    const problems: FieldProblem[] = [];
    const spec = this.#withNodePorts(this.#withAddresses(service, old, problems), old, problems);
    if (problems.length > 0) {
      throw invalidObject({ group: "", kind: "Service" }, service.metadata.name, problems);
    }
    const object = { ...service, spec };
    return { object, companions: this.#companions(object, old) };
  }

  #withAddresses(service: Service, old: Service | undefined, problems: FieldProblem[]): ServiceSpec {
    const { spec } = service;
    if (spec.type === "ExternalName") return spec;
    const { ranges, random } = this.#options;
    const families = familiesOf(service, ranges.addresses, problems);
    const given = spec.clusterIPs?.length ? spec.clusterIPs : spec.clusterIP ? [spec.clusterIP] : [];
    if (given[0] === NONE) return { ...spec, ...families, clusterIP: NONE, clusterIPs: [NONE] };
    const own = new Set(old ? heldBy(old).addresses : []);
    const clusterIPs = families.ipFamilies.map((family, index) => {
      const wanted = given[index];
      if (wanted) {
        const problem = this.#addressProblem(wanted, own);
        if (problem)
          problems.push(invalid("spec.clusterIPs", given, `failed to allocate IP ${wanted}: ${problem}`));
        else if (nameOfFamily(familyOf(wanted)) !== family) {
          problems.push(
            invalid(
              `spec.clusterIPs[${index}]`,
              wanted,
              `expected an ${family} value as indicated by \`ipFamilies[${index}]\``,
            ),
          );
        }
        return canonicalIp(wanted) ?? wanted;
      }
      const range = rangeOf(ranges.addresses, family === "IPv4" ? "ipv4" : "ipv6");
      const found = range && freeAddress(range, (address) => this.#isTaken(address), random);
      if (!found) throw internalError(`failed to allocate a serviceIP: range is full`);
      return found;
    });
    return { ...spec, ...families, clusterIP: clusterIPs[0]!, clusterIPs };
  }

  #addressProblem(address: string, own: ReadonlySet<string>): string | undefined {
    if (own.has(address)) return undefined;
    const { addresses } = this.#options.ranges;
    if (!addresses.some((range) => cidrHas(range, address))) {
      const valid = addresses.map(formatCidr).join(",");
      return `the provided network does not match the current range: the provided IP (${address}) is not in the valid range. The range of valid IPs is ${valid}`;
    }
    return this.#isTaken(canonicalIp(address) ?? address) ? "provided IP is already allocated" : undefined;
  }

  #isTaken(address: string): boolean {
    return (
      this.#addresses.has(address) || this.#options.addresses?.getByKey(ADDRESSES + address) !== undefined
    );
  }

  #withNodePorts(spec: ServiceSpec, old: Service | undefined, problems: FieldProblem[]): ServiceSpec {
    const { type, allocateLoadBalancerNodePorts, externalTrafficPolicy } = spec;
    const every = type === "NodePort" || (type === "LoadBalancer" && allocateLoadBalancerNodePorts !== false);
    const own = new Set(old ? heldBy(old).ports : []);
    const mine = new Set<number>();
    const taken = (port: number) => mine.has(port) || (this.#ports.has(port) && !own.has(port));
    for (const [index, { nodePort }] of (spec.ports ?? []).entries()) {
      if (!nodePort) continue;
      const problem = mine.has(nodePort) ? undefined : this.#portProblem(nodePort, own);
      if (problem) problems.push(invalid(`spec.ports[${index}].nodePort`, nodePort, problem));
      mine.add(nodePort);
    }
    const given = (): number => {
      const port = freeNodePort(this.#options.ranges.nodePorts, taken, this.#options.random);
      if (port === undefined) throw internalError("failed to allocate a nodePort: range is full");
      mine.add(port);
      return port;
    };
    const ports = spec.ports?.map((port): ServicePort =>
      port.nodePort || !every ? port : { ...port, nodePort: given() },
    );
    const checked = type === "LoadBalancer" && externalTrafficPolicy === "Local";
    const healthCheckNodePort = checked ? spec.healthCheckNodePort || given() : spec.healthCheckNodePort;
    return { ...spec, ...(ports ? { ports } : {}), ...(healthCheckNodePort ? { healthCheckNodePort } : {}) };
  }

  #portProblem(port: number, own: ReadonlySet<number>): string | undefined {
    if (own.has(port)) return undefined;
    const { first, last } = this.#options.ranges.nodePorts;
    if (port < first || port > last) {
      return `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
    }
    return this.#ports.has(port) ? "provided port is already allocated" : undefined;
  }

  /** What is new must be free, and is taken; what is no longer there is given back. */
  #companions(service: Service, old: Service | undefined): Companions {
    const now = heldBy(service);
    const before = old ? heldBy(old) : { addresses: [], ports: [] };
    const guards: Guard[] = [];
    const changes: Change[] = [];
    for (const address of now.addresses) {
      if (before.addresses.includes(address)) continue;
      const key = ADDRESSES + address;
      guards.push({ key, modRevision: 0 });
      changes.push({ type: "put", key, value: this.#addressObject(address, service) });
    }
    for (const port of now.ports) {
      if (before.ports.includes(port)) continue;
      const key = `${NODE_PORTS}${port}`;
      const { namespace = "", name } = service.metadata;
      guards.push({ key, modRevision: 0 });
      changes.push({ type: "put", key, value: Buffer.from(JSON.stringify({ namespace, name })) });
    }
    for (const address of before.addresses) {
      if (!now.addresses.includes(address)) changes.push({ type: "delete", key: ADDRESSES + address });
    }
    for (const port of before.ports) {
      if (!now.ports.includes(port)) changes.push({ type: "delete", key: `${NODE_PORTS}${port}` });
    }
    return { guards, changes };
  }

  #addressObject(address: string, { metadata }: Service): Buffer {
    const { clock, random } = this.#options;
    const object = canonical(IPAddress as unknown as Resource, {
      kind: IPAddress.kind,
      apiVersion: IPAddress.apiVersion,
      metadata: {
        name: address,
        uid: uuid(random),
        creationTimestamp: formatTime(clock.now()),
        labels: {
          "ipaddress.kubernetes.io/ip-family": nameOfFamily(familyOf(address)),
          "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
        },
      },
      spec: { parentRef: { resource: "services", namespace: metadata.namespace, name: metadata.name } },
    });
    return encodeStored(object);
  }

  #account(service: Service, key: string): void {
    const { addresses, ports } = heldBy(service);
    for (const address of addresses) this.#addresses.set(address, key);
    for (const port of ports) this.#ports.set(port, key);
  }

  #forget(service: Service): void {
    const { addresses, ports } = heldBy(service);
    for (const address of addresses) this.#addresses.delete(address);
    for (const port of ports) this.#ports.delete(port);
  }
}

interface Held {
  readonly addresses: readonly string[];
  readonly ports: readonly number[];
}

/** What a service has taken. */
function heldBy({ spec }: Service): Held {
  const { type, clusterIP, clusterIPs, ports = [], healthCheckNodePort } = spec;
  const addresses = clusterIPs?.length ? clusterIPs : clusterIP ? [clusterIP] : [];
  const held = new Set(ports.map(({ nodePort = 0 }) => nodePort));
  if (healthCheckNodePort) held.add(healthCheckNodePort);
  held.delete(0);
  return {
    addresses: type === "ExternalName" ? [] : addresses.filter((address) => address !== NONE),
    ports: [...held],
  };
}
