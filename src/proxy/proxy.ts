import { setImmediate as nextTurn } from "node:timers/promises";
import { Node } from "#api/core-v1/node";
import { Service } from "#api/core-v1/service";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { ServiceCIDR } from "#api/networking-v1/servicecidr";
import { asError } from "#base/attempt";
import { type Clock, sleep } from "#base/clock";
import { familyOf, type IpFamily, parseCidr } from "#base/ip";
import { logger } from "#base/log";
import { ipBatch, ipShow } from "#base/node/iproute";
import { type Nftables, openNftables } from "#base/node/nftables";
import type { Scope } from "#base/scope";
import { keyOf } from "#client/address";
import type { Informer } from "#client/informer";
import type { InformerSet } from "#client/informer-set";
import { forgetFlows, type StaleFlows, staleFlows } from "./flows.ts";
import { healthCheckOf, HealthCheckServers } from "./health-checks.ts";
import type { Surroundings } from "./model.ts";
import { nftFamily } from "./nft/layout.ts";
import { ServiceTable } from "./nft/table.ts";
import { outermost, ROUTE_PROTOCOL, serviceRoutes, strayRoutes } from "./routes.ts";
import { servicePorts } from "./service-ports.ts";

const log = logger("proxy");

export interface ProxyOptions {
  /** Services, EndpointSlices, ServiceCIDRs and this node come from here. */
  readonly informers: InformerSet;
  readonly nodeName: string;
  /** Addresses of the node, at most one per family. Node ports are served there. */
  readonly nodeIPs: readonly string[];
  /** Ranges that pods have. Senders outside them reach Services with the node's address as source. */
  readonly podCIDRs: readonly string[];
  /** Ranges that Services have, beside those of the ServiceCIDRs; of each family that is served at least one, or pods' one. */
  readonly serviceCIDRs: readonly string[];
  /** Service addresses that a server on this node has bound itself, as cluster DNS does. */
  readonly boundAddresses?: readonly string[];
  readonly clock: Clock;
  readonly scope: Scope;
  /** Name of the network namespace to work in; absent: the one of this process. */
  readonly namespace?: string;
  /** Name of the table. */
  readonly table?: string;
}

export interface Proxy {
  /** Resolves when the kernel has everything that the caches have shown so far. */
  settled(): Promise<void>;
}

const TABLE = "k8ts";

/** A Service's slices carry its name in this label; the index is shared with others that ask for it by this name. */
const SERVICE_NAME_LABEL = "kubernetes.io/service-name";
const ZONE_LABEL = "topology.kubernetes.io/zone";

/** After so many Services the loop lets others have a turn. */
const SERVICES_PER_TURN = 500;
/** So often somebody else's `nft flush ruleset` is looked for; the look costs a fraction of a millisecond. */
const CHECK_MS = 30_000;
const RETRY_MS = { first: 200, max: 30_000 } as const;

/** Keeps this node's kernel steering traffic for Services to their endpoints. It goes on doing so after the scope ends. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const proxy = new ServiceProxy(options);
  await proxy.route();
  options.scope.run((signal) => proxy.run(signal));
  return proxy;
}

class ServiceProxy implements Proxy {
  readonly #options: ProxyOptions;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #node: Informer<Node>;
  readonly #cidrs: Informer<ServiceCIDR>;
  readonly #tables: readonly ServiceTable[];
  readonly #nft: Nftables;
  readonly #healthChecks = new HealthCheckServers();
  readonly #dirty = new Set<string>();
  #wake: () => void = () => undefined;
  /** Resolved while the kernel has everything; a new one is made when it falls behind. */
  #settled = Promise.withResolvers<void>();
  #behind = true;
  #zone: string | undefined;
  /** Ranges that Services have, none within another. */
  #ranges: readonly string[];
  #rangesChanged = false;
  /** The kernel's table is the one that the last commands left. */
  #written = false;

  constructor(options: ProxyOptions) {
    this.#options = options;
    const { informers, nodeName, namespace, table = TABLE } = options;
    this.#services = informers.of(Service);
    this.#slices = informers.of(EndpointSlice);
    this.#cidrs = informers.of(ServiceCIDR);
    this.#ranges = outermost(options.serviceCIDRs);
    this.#node = informers.of(Node, { fieldSelector: `metadata.name=${nodeName}` });
    this.#slices.addIndex(SERVICE_NAME_LABEL, (slice) => {
      const key = serviceOf(slice);
      return key === undefined ? [] : [key];
    });
    this.#tables = families(options).map((family) => {
      const [podCIDRs, serviceCIDRs] = [ofFamily(options.podCIDRs, family), ofFamily(this.#ranges, family)];
      return new ServiceTable({ table, family, podCIDRs, serviceCIDRs });
    });
    this.#nft = openNftables({ namespace: namespace && `/run/netns/${namespace}` });
  }

  async settled(): Promise<void> {
    await this.#synced();
    await this.#settled.promise;
  }

  /** Packets for Services find a way to this machine, and those for ranges of before do not any more. */
  async route(): Promise<void> {
    const { nodeIPs, namespace } = this.#options;
    await ipBatch(serviceRoutes(this.#ranges, nodeIPs), { namespace });
    if (!this.#cidrs.hasSynced) return;
    const show = (family: string) =>
      ipShow<{ readonly dst: string }>(
        [family, "route", "show", "dev", "lo", "proto", String(ROUTE_PROTOCOL)],
        { namespace },
      );
    const known = this.#tables.map(({ family }) => show(family === "ipv4" ? "-4" : "-6"));
    const ranges = (await Promise.all(known)).flat().map(({ dst }) => dst);
    await ipBatch(strayRoutes(ranges, this.#ranges), { namespace, force: true });
  }

  async run(signal: AbortSignal): Promise<void> {
    const unsubscribe = this.#listen();
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    try {
      await Promise.race([this.#synced(), aborted(signal)]);
      // An earlier run may have left routes for ranges that are gone.
      this.#rangesChanged = true;
      let failures = 0;
      while (!signal.aborted) {
        const error = await this.#pass(signal);
        failures = error ? failures + 1 : 0;
        if (error) await this.#backOff(error, failures, signal);
        else if (this.#isDone() && !signal.aborted) await this.#nextChangeOrLoss();
      }
    } finally {
      for (const stop of unsubscribe) stop();
      this.#healthChecks.close();
      this.#nft.close();
      this.#settled.resolve();
    }
  }

  async #synced(): Promise<void> {
    const informers = [this.#services, this.#slices, this.#node, this.#cidrs];
    await Promise.all(informers.map(({ synced }) => synced));
  }

  #isDone(): boolean {
    return this.#dirty.size === 0 && !this.#rangesChanged;
  }

  #listen(): readonly (() => void)[] {
    const ranges = (): void => this.#lookAtRanges();
    const service = (changed: Service): void => this.#touch(keyOf(changed));
    const slice = (changed: EndpointSlice): void => {
      const key = serviceOf(changed);
      if (key !== undefined) this.#touch(key);
    };
    return [
      this.#services.handle({ added: service, updated: service, deleted: service }),
      this.#slices.handle({
        added: slice,
        updated: (now, before) => {
          slice(now);
          slice(before);
        },
        deleted: slice,
      }),
      this.#node.handle({ added: (node) => this.#placeIn(node), updated: (node) => this.#placeIn(node) }),
      this.#cidrs.handle({ added: ranges, updated: ranges, deleted: ranges }),
    ];
  }

  /** Also of those that give no more addresses: some Services still have one. */
  #lookAtRanges(): void {
    const given = [...this.#cidrs.list()].flatMap(({ spec }) => spec.cidrs ?? []);
    const ranges = outermost([...this.#options.serviceCIDRs, ...given]);
    if (ranges.join() === this.#ranges.join()) return;
    this.#ranges = ranges;
    this.#rangesChanged = true;
    this.#fallBehind();
  }

  #placeIn(node: Node): void {
    const zone = node.metadata.labels?.[ZONE_LABEL];
    if (node.metadata.name !== this.#options.nodeName || zone === this.#zone) return;
    this.#zone = zone;
    for (const service of this.#services.list()) this.#touch(keyOf(service));
  }

  #touch(service: string): void {
    this.#dirty.add(service);
    this.#fallBehind();
  }

  #fallBehind(): void {
    if (!this.#behind) this.#settled = Promise.withResolvers();
    this.#behind = true;
    this.#wake();
  }

  /** Brings everything that changed into the kernel; answers with what kept it from that. */
  async #pass(signal: AbortSignal): Promise<Error | undefined> {
    const stale = await this.#plan();
    try {
      if (this.#rangesChanged) await this.#followRanges();
      await this.#write();
      if (stale.length > 0) await this.#forget(stale);
    } catch (error) {
      // What the kernel has is not known any more: the next pass writes everything.
      this.#written = false;
      return signal.aborted ? undefined : asError(error);
    }
    if (this.#isDone()) {
      this.#behind = false;
      this.#settled.resolve();
    }
    return undefined;
  }

  async #followRanges(): Promise<void> {
    const ranges = this.#ranges;
    await this.route();
    for (const table of this.#tables) table.setServiceRanges(ofFamily(ranges, table.family));
    this.#rangesChanged = ranges !== this.#ranges;
  }

  async #plan(): Promise<readonly StaleFlows[]> {
    const stale: StaleFlows[] = [];
    const surroundings = this.#surroundings();
    let planned = 0;
    for (const key of this.#dirty) {
      this.#dirty.delete(key);
      this.#planService(key, surroundings, stale);
      if (++planned % SERVICES_PER_TURN === 0) await nextTurn();
    }
    return stale;
  }

  #planService(key: string, surroundings: Surroundings, stale: StaleFlows[]): void {
    const service = this.#services.getByKey(key);
    const slices = [...this.#slices.byIndex(SERVICE_NAME_LABEL, key)];
    const ports = service ? servicePorts(service, slices, surroundings) : [];
    for (const table of this.#tables) {
      const { before, after } = table.setService(key, ports);
      // On the first write nobody knows what was there before.
      if (this.#written) stale.push(...staleFlows(before, after));
    }
    this.#healthChecks.set(key, service && healthCheckOf(service, ports));
  }

  #surroundings(): Surroundings {
    const { nodeName, nodeIPs, boundAddresses = [] } = this.#options;
    return { nodeName, zone: this.#zone, nodePortAddresses: nodeIPs, boundAddresses };
  }

  async #write(): Promise<void> {
    if (!this.#written) await this.#rewrite();
    const text = this.#tables
      .map((table) => table.flush())
      .filter((part) => part !== "")
      .join("\n");
    if (text !== "") await this.#nft.run(`${text}\n`);
  }

  async #rewrite(): Promise<void> {
    const all = (anew: boolean) => this.#tables.map((table) => table.rewrite({ anew })).join("\n");
    try {
      await this.#nft.run(all(false));
    } catch (error) {
      log.warn("the table that was there does not fit and is replaced", { error });
      await this.#nft.run(all(true));
    }
    this.#written = true;
  }

  /** Old flows are a nuisance to few, and no reason to write the table again. */
  async #forget(stale: readonly StaleFlows[]): Promise<void> {
    const { namespace } = this.#options;
    try {
      await forgetFlows(stale, namespace ? ["nsenter", `--net=/run/netns/${namespace}`] : []);
    } catch (error) {
      log.warn("stale UDP flows were not removed", { error });
    }
  }

  async #backOff(error: Error, failures: number, signal: AbortSignal): Promise<void> {
    log.error("services were not written to the kernel", { error, failures });
    // Writing everything often mends it at once.
    if (failures === 1) return;
    const delayMs = Math.min(RETRY_MS.first * 2 ** (failures - 2), RETRY_MS.max);
    await sleep(this.#options.clock, delayMs, { signal }).catch(() => undefined);
  }

  async #nextChangeOrLoss(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<"change" | "time">();
    this.#wake = () => resolve("change");
    const cancel = this.#options.clock.after(CHECK_MS, () => resolve("time"));
    const woken = await promise;
    cancel();
    if (woken === "time" && (await this.#isLost())) {
      log.warn("somebody removed the table; it is written again");
      this.#written = false;
    }
  }

  async #isLost(): Promise<boolean> {
    const { table = TABLE } = this.#options;
    const listed = await this.#nft.run("list tables\n").catch(() => "");
    return this.#tables.some(
      ({ family }) => !listed.split("\n").includes(`table ${nftFamily(family)} ${table}`),
    );
  }
}

const ofFamily = (ranges: readonly string[], family: IpFamily): readonly string[] =>
  ranges.filter((range) => familyOf(range) === family);

/** Families with a range of their own. */
const families = ({ podCIDRs, serviceCIDRs }: ProxyOptions): readonly IpFamily[] => [
  ...new Set([...serviceCIDRs, ...podCIDRs].flatMap((range) => parseCidr(range)?.family ?? [])),
];

/** Key of the Service the slice belongs to. */
function serviceOf({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[SERVICE_NAME_LABEL];
  return name === undefined ? undefined : `${metadata.namespace}/${name}`;
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
