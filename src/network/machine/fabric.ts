/**
 * The cables of a cluster on one machine: a bridge, a network namespace for each node with one device on that bridge,
 * and, where wanted, a way out through the machine. Everything is named after the cluster, so that it is found again.
 */
import { cidrAddress, cidrsOverlap, parseCidr } from "#base/ip";

export interface FabricOptions {
  readonly cluster: string;
  /** Names of the nodes, in an order that stays: it decides their addresses. */
  readonly nodes: readonly string[];
  /** Range of the bridge. */
  readonly nodeRange: string;
  readonly podRange: string;
  readonly serviceRange: string;
  /** Nodes and pods reach what the machine reaches, under its address. */
  readonly uplink: boolean;
}

export interface FabricNode {
  readonly name: string;
  /** Of the network namespace; its path is `/run/netns/NAME`. */
  readonly namespace: string;
  readonly address: string;
  /** The machine's end of the cable. The node's end is `eth0`. */
  readonly device: string;
}

export interface Fabric {
  readonly bridge: string;
  /** Of the machine on the bridge: where nodes find the API server. */
  readonly hostAddress: string;
  readonly nodes: readonly FabricNode[];
}

/** Who is who, decided by the options alone. */
export function planFabric({ cluster, nodes, nodeRange }: FabricOptions): Fabric {
  const bridge = bridgeOf(cluster);
  const range = parseCidr(nodeRange);
  if (!range) throw new Error(`${nodeRange} is not a range of addresses`);
  return {
    bridge,
    hostAddress: cidrAddress(range, 1),
    nodes: nodes.map((name, index) => ({
      name,
      namespace: `${bridge}-${name}`,
      address: cidrAddress(range, index + 2),
      device: `${bridge}-${index}`,
    })),
  };
}

/** Name of the bridge, and beginning of the names of all else: short, as the kernel allows 15 characters. */
export const bridgeOf = (cluster: string): string =>
  `k8ts-${clusterHash(cluster).toString(16).padStart(6, "0")}`;

/** 24 bits that stand for the cluster. */
export function clusterHash(cluster: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(cluster)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash ^ (hash >>> 24)) & 0xffffff;
}

/** What is there already, by name. */
export interface Existing {
  readonly devices: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
}

/** `ip -batch` commands for the machine's side. */
export function hostCommands(options: FabricOptions, { devices, namespaces }: Existing): readonly string[] {
  const { bridge, hostAddress, nodes } = planFabric(options);
  const prefix = options.nodeRange.split("/")[1];
  return [
    ...(devices.has(bridge)
      ? []
      : [`link add ${bridge} type bridge`, `link set ${bridge} alias k8ts:${options.cluster}`]),
    `address replace ${hostAddress}/${prefix} dev ${bridge}`,
    `link set ${bridge} up`,
    ...nodes.flatMap(({ namespace, device }) => [
      ...(namespaces.has(namespace) ? [] : [`netns add ${namespace}`]),
      // A device whose namespace is gone went with it, sometimes a moment later.
      ...(devices.has(device) && namespaces.has(namespace)
        ? []
        : [
            ...(devices.has(device) ? [`link del ${device}`] : []),
            `link add ${device} type veth peer name eth0 netns ${namespace}`,
          ]),
      `link set ${device} master ${bridge} up`,
    ]),
    ...[options.podRange, options.serviceRange].flatMap((range) => routesTo(range, options)),
  ];
}

/** The machine reaches the range through the first node. */
function routesTo(range: string, options: FabricOptions): readonly string[] {
  const { bridge, nodes } = planFabric(options);
  const metric = guardMetric(options.cluster);
  const gateway = nodes[0]?.address;
  return [
    ...(gateway ? [`route replace ${range} via ${gateway} dev ${bridge} metric ${metric - 1}`] : []),
    // While no node is there, packets for it must not leave by the default route.
    `route replace unreachable ${range} metric ${metric}`,
  ];
}

/** A route of the machine's own table, as `ip` shows it. */
export interface Route {
  readonly type?: string;
  readonly dst: string;
  readonly metric?: number;
}

/**
 * `ip -batch` commands by which the machine reaches these ranges of services, beside the first one, and earlier ones no
 * more. Ranges that lie across others' routes are left alone: the machine goes on reaching what it reached.
 */
export function furtherRoutes(
  options: FabricOptions,
  wanted: readonly string[],
  routes: readonly Route[],
): readonly string[] {
  const metric = guardMetric(options.cluster);
  const isOurs = (route: Route) => route.metric === metric || route.metric === metric - 1;
  const standing = [options.podRange, options.serviceRange];
  const known = new Set(routes.filter(isOurs).map(({ dst }) => whole(dst)));
  const others = routes.filter((route) => !isOurs(route) && route.dst !== "default");
  const taken = [...standing, ...others.map(({ dst }) => whole(dst))].flatMap(
    (text) => parseCidr(text) ?? [],
  );
  const free = wanted.filter((text) => {
    const range = parseCidr(text);
    return range?.family === "ipv4" && !taken.some((other) => cidrsOverlap(other, range));
  });
  const gone = [...known].filter((range) => !standing.includes(range) && !free.includes(range));
  return [
    ...free.filter((range) => !known.has(range)).flatMap((range) => routesTo(range, options)),
    ...gone.flatMap((range) => [
      ...(options.nodes.length > 0 ? [`route del ${range} metric ${metric - 1}`] : []),
      `route del unreachable ${range} metric ${metric}`,
    ]),
  ];
}

/** The tool shows a single address without its length. */
const whole = (dst: string): string => (dst.includes("/") ? dst : `${dst}/32`);

/** Routes of several clusters with the same ranges stand side by side: the lower metric is used. */
const guardMetric = (cluster: string): number => 0x10000 + clusterHash(cluster) * 2;

/** `ip -batch` commands for inside a node's namespace. */
export function nodeCommands(options: FabricOptions, node: FabricNode): readonly string[] {
  const { hostAddress } = planFabric(options);
  const prefix = options.nodeRange.split("/")[1];
  return [
    "link set lo up",
    `address replace ${node.address}/${prefix} dev eth0`,
    "link set eth0 up",
    ...(options.uplink ? [`route replace default via ${hostAddress}`] : []),
  ];
}

/** The machine's packet filter for this cluster, whatever it was before. Set aside: `forwardingWas`, to be put back at removal. */
export function filterCommands(options: FabricOptions, forwardingWas: string): string {
  const { bridge } = planFabric(options);
  const inside = `{ ${options.podRange}, ${options.serviceRange} }`;
  const rules = options.uplink
    ? [
        `add rule ip ${bridge} forward iifname ${bridge} oifname != ${bridge} ip daddr ${inside} drop`,
        `add chain ip ${bridge} leave { type nat hook postrouting priority 100; policy accept; }`,
        `add rule ip ${bridge} leave ip saddr ${options.nodeRange} oifname != ${bridge} masquerade`,
      ]
    : [
        `add rule ip ${bridge} forward iifname ${bridge} oifname != ${bridge} drop`,
        `add rule ip ${bridge} forward oifname ${bridge} iifname != ${bridge} drop`,
      ];
  return [
    `add table ip ${bridge}`,
    `delete table ip ${bridge}`,
    `add table ip ${bridge} { comment "ip_forward=${forwardingWas}"; }`,
    `add chain ip ${bridge} forward { type filter hook forward priority -20; policy accept; }`,
    ...rules,
    "",
  ].join("\n");
}

/** `ip -batch` commands that remove all of it; what is gone already is no matter. */
export function removalCommands(
  cluster: string,
  { devices, namespaces }: Existing,
  guarded: readonly string[],
): readonly string[] {
  const bridge = bridgeOf(cluster);
  const metric = guardMetric(cluster);
  const ours = (name: string) => name === bridge || name.startsWith(`${bridge}-`);
  return [
    ...[...devices].filter(ours).map((device) => `link del ${device}`),
    ...[...namespaces].filter(ours).map((namespace) => `netns del ${namespace}`),
    ...guarded.map((range) => `route del unreachable ${range} metric ${metric}`),
  ];
}

/** The ranges that the machine guards for this cluster, from its routes. */
export const guardedRanges = (cluster: string, routes: readonly Route[]): readonly string[] =>
  routes
    .filter(({ type, metric }) => type === "unreachable" && metric === guardMetric(cluster))
    .map(({ dst }) => dst);
