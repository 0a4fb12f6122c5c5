import type { Service } from "#api/core-v1/service";
import type { ServiceSpec } from "#api/core-v1/servicespec";
import { IPAddress, serviceAddressLabels } from "#api/networking-v1/ipaddress";
import type { Clock } from "#base/clock";
import { type Random, uuid } from "#base/random";
import { type AnyObject, type FieldProblem, invalid, type Resource } from "#machinery/schema";
import { internalError, invalidObject } from "#machinery/status";
import { formatTime } from "#machinery/time";
import type { Change, Guard } from "#store/store";
import { encodeStored } from "../../storage/item.ts";
import { prefixOf } from "../../storage/keys.ts";
import type { Companions } from "../../storage/kind-storage.ts";
import type { KindCache } from "../../watch/kind-cache.ts";
import type { KindHooks, Prepared } from "../kind-hooks.ts";
import { canonical } from "../rules.ts";
import { ClusterAddresses, type Offer } from "./cluster-addresses.ts";
import { type FamilyName, familyNamed, nameOfFamily, planAddresses } from "./families.ts";
import { HEADLESS, type Holdings, NOTHING, holdingsOf } from "./holdings.ts";
import { NodePorts, nodePortKey } from "./node-ports.ts";
import type { ServiceRanges } from "./ranges.ts";
import { ReadyRanges } from "./ready-ranges.ts";

export interface ServiceHooksOptions {
  readonly ranges: ServiceRanges;
  readonly services: KindCache;
  /** Ranges to give addresses from; absent: the one that the server was started with. */
  readonly cidrs: KindCache | undefined;
  /** Addresses that are somebody's, also where no service has them. */
  readonly addresses: KindCache | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** Waits until caches show all that has been written. */
  readonly fresh: () => Promise<void> | undefined;
}

const ADDRESSES = prefixOf(IPAddress.storagePrefix);

/** The addresses of a service, and what must still hold when it is stored. */
interface Settled {
  readonly spec: ServiceSpec;
  readonly guards: readonly Guard[];
}

/**
 * Cluster addresses and node ports of services. Each one is a key of its own that must not exist when a service
 * takes it, and is written and deleted together with the service: no two can have the same, and none is ever lost.
 */
export class ServiceHooks implements KindHooks {
  readonly #options: ServiceHooksOptions;
  readonly #addresses: ClusterAddresses;
  readonly #nodePorts: NodePorts;

  constructor(options: ServiceHooksOptions) {
    this.#options = options;
    const { services, cidrs, addresses, ranges, random } = options;
    const ready = new ReadyRanges(cidrs, ranges.addresses);
    this.#addresses = new ClusterAddresses({ ranges: ready, addresses, prefix: ADDRESSES, random });
    this.#nodePorts = new NodePorts({ range: ranges.nodePorts, random });
    for (const item of services.all()) this.#account(item.object as Service, item.key);
    services.onChange((before, after) => {
      if (before) this.#forget(before.object as Service, before.key);
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

  async onDelete(object: AnyObject): Promise<Companions> {
    await this.#options.fresh();
    const { metadata, spec } = object as Service;
    const { addresses, ports } = holdingsOf(spec);
    return this.#returned({ addresses, ports }, metadata);
  }

  #prepare(service: Service, old: Service | undefined): Prepared {
    const problems: FieldProblem[] = [];
    const { spec, guards } = this.#withAddresses(service.spec, old?.spec, problems);
    const complete = this.#nodePorts.assign(spec, old?.spec, problems);
    if (problems.length > 0) {
      throw invalidObject({ group: "", kind: "Service" }, service.metadata.name, problems);
    }
    const object = { ...service, spec: complete };
    return { object, companions: this.#companions(object, old, guards) };
  }

  #withAddresses(spec: ServiceSpec, old: ServiceSpec | undefined, problems: FieldProblem[]): Settled {
    if (spec.type === "ExternalName") return { spec, guards: [] };
    const configured = this.#options.ranges.addresses.map(({ family }) => nameOfFamily(family));
    const plan = planAddresses(spec, old, configured, problems);
    if (!plan) return { spec, guards: [] };
    const { clusterIPs: given, ...families } = plan;
    if (given[0] === HEADLESS) {
      return { spec: { ...spec, ...families, clusterIP: HEADLESS, clusterIPs: [HEADLESS] }, guards: [] };
    }
    const own = new Set(old ? holdingsOf(old).addresses : []);
    const offers = families.ipFamilies.map((family, index): Offer => {
      const text = given[index];
      if (text === undefined) return this.#next(family);
      if (own.has(text)) return { address: text, guard: undefined };
      const offer = this.#addresses.given(text);
      if (typeof offer !== "string") return offer;
      problems.push(invalid("spec.clusterIPs", given, `failed to allocate IP ${text}: ${offer}`));
      return { address: text, guard: undefined };
    });
    const clusterIPs = offers.map(({ address }) => address);
    return {
      spec: { ...spec, ...families, clusterIP: clusterIPs[0]!, clusterIPs },
      guards: distinct(offers.flatMap(({ guard }) => (guard ? [guard] : []))),
    };
  }

  #next(family: FamilyName): Offer {
    const offer = this.#addresses.next(familyNamed(family));
    if (!offer) throw internalError("failed to allocate a serviceIP: range is full");
    return offer;
  }

  /** What is new must be free, and is taken; what is no longer there is given back. */
  #companions(service: Service, old: Service | undefined, ranges: readonly Guard[]): Companions {
    const { metadata } = service;
    const now = holdingsOf(service.spec);
    const before = old ? holdingsOf(old.spec) : NOTHING;
    const guards: Guard[] = [...ranges];
    const changes: Change[] = [];
    const take = (key: string, value: Buffer) => {
      guards.push({ key, modRevision: 0 });
      changes.push({ type: "put", key, value });
    };
    for (const address of without(now.addresses, before.addresses))
      take(ADDRESSES + address, this.#addressObject(address, service));
    const owner = Buffer.from(JSON.stringify({ namespace: metadata.namespace ?? "", name: metadata.name }));
    for (const port of without(now.ports, before.ports)) take(nodePortKey(port), owner);
    const left = this.#returned(
      {
        addresses: without(before.addresses, now.addresses),
        ports: without(before.ports, now.ports),
      },
      metadata,
    );
    return { guards: [...guards, ...left.guards], changes: [...changes, ...left.changes] };
  }

  /** Gives back what is this service's to give. */
  #returned({ addresses, ports }: Holdings, metadata: Service["metadata"]): Companions {
    const key = `${this.#options.services.prefix}${metadata.namespace}/${metadata.name}`;
    const own = ports.filter((port) => (this.#nodePorts.owner(port) ?? key) === key);
    const freed = addresses.map((address) => this.#addresses.returned(address, metadata));
    return {
      guards: freed.flatMap(({ guards }) => guards),
      changes: [
        ...freed.flatMap(({ changes }) => changes),
        ...own.map((port): Change => ({ type: "delete", key: nodePortKey(port) })),
      ],
    };
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
        labels: serviceAddressLabels(address),
      },
      spec: { parentRef: { resource: "services", namespace: metadata.namespace, name: metadata.name } },
    });
    return encodeStored(object);
  }

  #account({ spec }: Service, key: string): void {
    const { addresses, ports } = holdingsOf(spec);
    for (const address of addresses) this.#addresses.claim(address, key);
    for (const port of ports) this.#nodePorts.claim(port, key);
  }

  #forget({ spec }: Service, key: string): void {
    const { addresses, ports } = holdingsOf(spec);
    for (const address of addresses) this.#addresses.release(address, key);
    for (const port of ports) this.#nodePorts.release(port, key);
  }
}

const without = <T>(some: readonly T[], others: readonly T[]): readonly T[] =>
  some.filter((one) => !others.includes(one));

/** One for each key. */
const distinct = (guards: readonly Guard[]): readonly Guard[] => [
  ...new Map(guards.map((guard) => [guard.key, guard])).values(),
];
