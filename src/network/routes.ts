/** Routes and tunnel entries as data, and the commands that lead from those that are to those that should be. */
import { cidrAddress, familyOf, formatCidr, parseCidr } from "#base/ip";
import type { PeerRange } from "./peers.ts";

/** Marks routes as ours (a number that no routing daemon uses), so that those of an earlier run are found. */
export const ROUTE_PROTOCOL = 107;

export const TUNNEL = { device: "k8ts.vxlan", id: 0x6b38, port: 8472, overheadBytes: 50 } as const;

/** Where a packet for a guarded range goes when no pod has its address: back to the sender, and never out. */
const GUARD_METRIC = 4096;

/** Commands by what they are for; the text of each is what makes it so. */
export interface Wiring {
  /** For `ip`, by destination. */
  readonly routes: ReadonlyMap<string, string>;
  /** For `ip`: neighbours behind the tunnel. */
  readonly neighbours: ReadonlyMap<string, string>;
  /** For `bridge`: which node has which neighbour. */
  readonly forwarding: ReadonlyMap<string, string>;
}

/** What should be there for the peers, with everything else in `guarded` unreachable. */
export function wiring(peers: readonly PeerRange[], guarded: readonly string[]): Wiring {
  const routes = new Map<string, string>();
  const neighbours = new Map<string, string>();
  const forwarding = new Map<string, string>();
  for (const range of guarded) {
    const cidr = parseCidr(range);
    if (cidr)
      routes.set(
        formatCidr(cidr),
        `unreachable ${formatCidr(cidr)} proto ${ROUTE_PROTOCOL} metric ${GUARD_METRIC}`,
      );
  }
  for (const { podCIDR, nodeIP, by } of peers) {
    const cidr = parseCidr(podCIDR)!;
    const destination = formatCidr(cidr);
    if (by === "route") {
      routes.set(destination, `${destination} via ${nodeIP} proto ${ROUTE_PROTOCOL}`);
      continue;
    }
    const end = cidrAddress(cidr, 0);
    const mac = tunnelMac(nodeIP);
    routes.set(destination, `${destination} via ${end} dev ${TUNNEL.device} onlink proto ${ROUTE_PROTOCOL}`);
    neighbours.set(end, `${end} lladdr ${mac} dev ${TUNNEL.device} nud permanent`);
    forwarding.set(mac, `${mac} dev ${TUNNEL.device} dst ${nodeIP}`);
  }
  return { routes, neighbours, forwarding };
}

/** Every node can tell every other's, so that none has to be published. */
export function tunnelMac(nodeIP: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(nodeIP))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  const bytes = Array.from({ length: 6 }, (_, index) => Number((hash >> BigInt(8 * index)) & 0xffn));
  // A locally administered address of one machine.
  bytes[0] = (bytes[0]! & 0xfc) | 0x02;
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** What a tunnel's device is made of. */
export interface TunnelDevice {
  readonly mac: string;
  readonly mtu: number;
  readonly nodeIP: string;
}

export const tunnelOf = (nodeIP: string, mtu: number): TunnelDevice => ({
  mac: tunnelMac(nodeIP),
  mtu: mtu - TUNNEL.overheadBytes,
  nodeIP,
});

/** Commands that make the device, or leave it as it is when it `fits`: packets may be on their way through it. */
export const tunnelCommands = (
  { mac, mtu, nodeIP }: TunnelDevice,
  podCIDRs: readonly string[],
  fits: boolean,
): readonly string[] => [
  ...(fits
    ? []
    : [
        `link add ${TUNNEL.device} address ${mac} mtu ${mtu} type vxlan id ${TUNNEL.id} local ${nodeIP} dstport ${TUNNEL.port} nolearning`,
      ]),
  // Packets of the node itself carry this address as source.
  ...podCIDRs.flatMap((text) => {
    const cidr = parseCidr(text);
    if (!cidr) return [];
    return [
      `address replace ${cidrAddress(cidr, 0)}/${cidr.family === "ipv4" ? 32 : 128} dev ${TUNNEL.device}`,
    ];
  }),
  `link set ${TUNNEL.device} up`,
];

export interface Commands {
  readonly ip: readonly string[];
  readonly bridge: readonly string[];
}

/** From one wiring to the next. New ways come before old ones go. */
export function changes(before: Wiring, after: Wiring): Commands {
  const put = (then: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>, command: string) =>
    [...now].filter(([key, text]) => then.get(key) !== text).map(([, text]) => `${command} ${text}`);
  const take = (then: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>, command: string) =>
    [...then].filter(([key]) => !now.has(key)).map(([, text]) => `${command} ${text}`);
  // A route that changes its kind has another metric or device: replacing would leave both.
  const moved = [...before.routes].filter(
    ([key, text]) => after.routes.has(key) && after.routes.get(key) !== text,
  );
  return {
    ip: [
      ...put(before.neighbours, after.neighbours, "neighbour replace"),
      ...put(before.routes, after.routes, "route replace"),
      ...moved.filter(([, text]) => text.includes("unreachable")).map(([, text]) => `route del ${text}`),
      ...take(before.routes, after.routes, "route del"),
      ...take(before.neighbours, after.neighbours, "neighbour del"),
    ],
    bridge: [
      ...put(before.forwarding, after.forwarding, "fdb replace"),
      ...take(before.forwarding, after.forwarding, "fdb del"),
    ],
  };
}

/** Commands that remove routes of an earlier run which are not wanted any more. */
export const leftovers = (
  found: readonly { readonly dst: string; readonly type?: string }[],
  { routes }: Wiring,
): readonly string[] =>
  found
    .filter(({ dst, type }) => {
      const wanted = routes.get(dst.includes("/") ? dst : `${dst}/${familyOf(dst) === "ipv4" ? 32 : 128}`);
      return wanted === undefined || wanted.startsWith("unreachable") !== (type === "unreachable");
    })
    .map(
      ({ dst, type }) =>
        `route del ${type === "unreachable" ? "unreachable " : ""}${dst} proto ${ROUTE_PROTOCOL}`,
    );
