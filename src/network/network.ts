import { readFileSync, writeFileSync } from "node:fs";
import { Node } from "#api/core-v1/node";
import { asError } from "#base/attempt";
import { type Clock, sleep } from "#base/clock";
import { familyOf } from "#base/ip";
import { logger } from "#base/log";
import { runCommand } from "#base/node/command";
import { ipBatch, ipShow } from "#base/node/iproute";
import { inNetworkNamespace } from "#base/node/network-namespace";
import { type Nftables, openNftables } from "#base/node/nftables";
import type { Scope } from "#base/scope";
import type { Informer } from "#client/informer";
import type { InformerSet } from "#client/informer-set";
import { writeCniConfig } from "./cni.ts";
import { masqueradeTables } from "./masquerade.ts";
import { peerRanges, type PeerRange } from "./peers.ts";
import { type HostPorts, startHostPorts } from "./start-host-ports.ts";
import {
  changes,
  leftovers,
  ROUTE_PROTOCOL,
  TUNNEL,
  tunnelCommands,
  type TunnelDevice,
  tunnelOf,
  type Wiring,
  wiring,
} from "./routes.ts";

const log = logger("network");

export interface NetworkOptions {
  /** Nodes, and the pods of this one, come from here. */
  readonly informers: InformerSet;
  readonly nodeName: string;
  /** Addresses of this node, at most one per family. */
  readonly nodeIPs: readonly string[];
  /** Ranges that pods of all nodes have. */
  readonly podRanges: readonly string[];
  /** Where the container runtime reads its network configuration. */
  readonly cniConfDir: string;
  /** Where the addresses of pods are noted. */
  readonly addressesDir: string;
  readonly clock: Clock;
  readonly scope: Scope;
  /** Name of the network namespace to work in; absent: the one of this process. */
  readonly namespace?: string;
}

export interface Network {
  /** Resolves when this node has its ranges, and pods can be given addresses. */
  readonly ready: Promise<void>;
  /** Resolves when routes and host ports are as the caches have shown so far. */
  settled(): Promise<void>;
}

const RETRY_MS = { first: 200, max: 30_000 } as const;
const MASQUERADE_TABLE = "k8ts-pods";
const NOTHING: Wiring = { routes: new Map(), neighbours: new Map(), forwarding: new Map() };

/**
 * Gives this node's pods addresses, keeps the ways to the pods of other nodes, and leads host ports into pods. All of
 * it stays when the scope ends.
 */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const network = new PodNetwork(options, startHostPorts(options));
  network.forwardPackets();
  options.scope.run((signal) => network.run(signal));
  return network;
}

class PodNetwork implements Network {
  readonly ready: Promise<void>;
  readonly #options: NetworkOptions;
  readonly #hostPorts: HostPorts;
  readonly #nodes: Informer<Node>;
  readonly #nft: Nftables;
  readonly #markReady: () => void;
  #wired = NOTHING;
  #cleaned = false;
  #tunnelled = false;
  #masquerade = "";
  #device = { name: "", mtu: 1500, segments: [] as readonly string[] };
  #wake: () => void = () => undefined;
  #settled = Promise.withResolvers<void>();
  #behind = true;

  constructor(options: NetworkOptions, hostPorts: HostPorts) {
    this.#options = options;
    this.#hostPorts = hostPorts;
    this.#nodes = options.informers.of(Node);
    this.#nft = openNftables({ namespace: options.namespace && `/run/netns/${options.namespace}` });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#markReady = resolve;
  }

  async settled(): Promise<void> {
    await this.#nodes.synced;
    await this.#settled.promise;
    await this.#hostPorts.settled();
  }

  /** The node is a router for its pods. */
  forwardPackets(): void {
    const { namespace, podRanges } = this.#options;
    const families = new Set(podRanges.map(familyOf));
    inNetworkNamespace(namespace && `/run/netns/${namespace}`, () => {
      if (families.has("ipv4")) setting("ipv4/ip_forward", "1");
      if (families.has("ipv6")) setting("ipv6/conf/all/forwarding", "1");
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const stopListening = this.#nodes.handle({
      added: () => this.#touch(),
      updated: (node, before) => {
        if (concernsRoutes(node, before)) this.#touch();
      },
      deleted: () => this.#touch(),
    });
    const abort = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => (abort.resolve(), this.#wake()), { once: true });
    await Promise.race([this.#nodes.synced, abort.promise]);
    let failures = 0;
    while (!signal.aborted) {
      this.#behind = false;
      try {
        await this.#pass();
        failures = 0;
      } catch (thrown) {
        if (signal.aborted) break;
        this.#behind = true;
        this.#cleaned = false;
        this.#wired = NOTHING;
        log.error("pod network was not brought up to date", { error: asError(thrown), failures: ++failures });
        const delayMs = Math.min(RETRY_MS.first * 2 ** (failures - 1), RETRY_MS.max);
        await sleep(this.#options.clock, delayMs, { signal }).catch(() => undefined);
        continue;
      }
      if (!this.#behind && !signal.aborted) await this.#nextChange();
    }
    stopListening();
    this.#nft.close();
    this.#settled.resolve();
  }

  #touch(): void {
    if (!this.#behind) this.#settled = Promise.withResolvers();
    this.#behind = true;
    this.#wake();
  }

  #nextChange(): Promise<void> {
    this.#settled.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return promise;
  }

  async #pass(): Promise<void> {
    if (this.#device.name === "") this.#device = await this.#findDevice();
    const peers = peerRanges(this.#nodes.list(), {
      nodeName: this.#options.nodeName,
      segments: this.#device.segments,
    });
    await this.#offerAddresses();
    if (peers.some(({ by }) => by === "tunnel")) await this.#openTunnel();
    await this.#route(wiring(peers, this.#options.podRanges));
    await this.#masqueradePods(peers);
  }

  /** The device that has this node's address, and the networks it is in. */
  async #findDevice(): Promise<{ name: string; mtu: number; segments: readonly string[] }> {
    const { nodeIPs, namespace } = this.#options;
    const devices = await ipShow<Device>(["address", "show"], { namespace });
    const own = devices.find(({ addr_info }) =>
      addr_info?.some(({ local }) => local !== undefined && nodeIPs.includes(local)),
    );
    if (!own) throw new Error(`no device of this node has one of its addresses ${nodeIPs.join(", ")}`);
    const segments = devices.flatMap(({ ifname, addr_info }) =>
      ifname === "lo"
        ? []
        : (addr_info ?? []).flatMap(({ local, prefixlen }) => (local ? [`${local}/${prefixlen}`] : [])),
    );
    return { name: own.ifname, mtu: own.mtu, segments };
  }

  async #offerAddresses(): Promise<void> {
    const { cniConfDir, addressesDir } = this.#options;
    const podCIDRs = this.#podCIDRs();
    if (podCIDRs.length === 0) return;
    await writeCniConfig(cniConfDir, { podCIDRs, addressesDir, mtu: this.#device.mtu });
    this.#markReady();
  }

  #podCIDRs(): readonly string[] {
    const spec = this.#nodes.get(undefined, this.#options.nodeName)?.spec;
    return spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []);
  }

  async #openTunnel(): Promise<void> {
    const podCIDRs = this.#podCIDRs();
    if (this.#tunnelled || podCIDRs.length === 0) return;
    const { namespace, nodeIPs } = this.#options;
    const ip = nodeIPs.find((address) => familyOf(address) === "ipv4") ?? nodeIPs[0]!;
    const wanted = tunnelOf(ip, this.#device.mtu);
    const found = await this.#findTunnel();
    const fits = JSON.stringify(found) === JSON.stringify(wanted);
    if (found && !fits) await ipBatch([`link del ${TUNNEL.device}`], { namespace });
    await ipBatch(tunnelCommands(wanted, podCIDRs, fits), { namespace });
    this.#tunnelled = true;
  }

  /** What an earlier run left. */
  async #findTunnel(): Promise<TunnelDevice | undefined> {
    const { namespace } = this.#options;
    const links = await ipShow<TunnelLink>(["-details", "link", "show", "type", "vxlan"], { namespace });
    const link = links.find(({ ifname }) => ifname === TUNNEL.device);
    if (!link) return undefined;
    const { local, local6, id, port } = link.linkinfo.info_data;
    const ours = id === TUNNEL.id && port === TUNNEL.port;
    return { mac: link.address, mtu: link.mtu, nodeIP: ours ? (local ?? local6 ?? "") : "" };
  }

  async #route(wanted: Wiring): Promise<void> {
    const { namespace } = this.#options;
    const { ip, bridge } = changes(this.#wired, wanted);
    await ipBatch(ip, { namespace });
    if (bridge.length > 0) {
      const inside = namespace ? ["-netns", namespace] : [];
      await runCommand("bridge", [...inside, "-batch", "-"], { input: `${bridge.join("\n")}\n` });
    }
    this.#wired = wanted;
    if (this.#cleaned) return;
    for (const family of ["-4", "-6"]) {
      const found = await ipShow<{ dst: string; type?: string }>(
        [family, "-details", "route", "show", "proto", String(ROUTE_PROTOCOL)],
        { namespace },
      );
      await ipBatch(leftovers(found, wanted), { namespace });
    }
    this.#cleaned = true;
  }

  async #masqueradePods(peers: readonly PeerRange[]): Promise<void> {
    const { nodeIPs, podRanges } = this.#options;
    const near = peers.filter(({ by }) => by === "route").map(({ nodeIP }) => nodeIP);
    const tables = masqueradeTables({
      table: MASQUERADE_TABLE,
      podRanges,
      nodeIPs: [...new Set([...nodeIPs, ...near])].sort(),
    });
    if (tables === this.#masquerade) return;
    await this.#nft.run(tables);
    this.#masquerade = tables;
  }
}

interface Device {
  readonly ifname: string;
  readonly mtu: number;
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen: number }[];
}

interface TunnelLink {
  readonly ifname: string;
  readonly address: string;
  readonly mtu: number;
  readonly linkinfo: {
    readonly info_data: {
      readonly id: number;
      readonly port: number;
      readonly local?: string;
      readonly local6?: string;
    };
  };
}

/** Most updates of a node are about its health. */
const concernsRoutes = (node: Node, before: Node): boolean =>
  JSON.stringify([node.spec.podCIDRs, node.spec.podCIDR, node.status?.addresses]) !==
  JSON.stringify([before.spec.podCIDRs, before.spec.podCIDR, before.status?.addresses]);

function setting(path: string, value: string): void {
  const file = `/proc/sys/net/${path}`;
  // Where it is right already it may well be read-only.
  if (readFileSync(file, "utf8").trim() !== value) writeFileSync(file, value);
}
