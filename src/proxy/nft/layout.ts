/**
 * The table of the service proxy, one per address family. Its chains are few and fixed; Services live in the
 * elements of its maps, so a change costs what changed and a packet costs the same with 10 Services or 10,000.
 *
 * A packet's way: `services` maps (address, protocol, port) to a chain that is shared by all Services with as many
 * backends. That chain draws a number into the connection's mark, and `backends` maps (address, protocol, port,
 * number) to where the connection goes.
 */
import type { IpFamily } from "#base/ip";

export type NftFamily = "ip" | "ip6";

export const nftFamily = (family: IpFamily): NftFamily => (family === "ipv4" ? "ip" : "ip6");

/** The maps and sets that hold Services. */
export type MapName =
  | "services"
  | "inside"
  | "outside"
  | "backends"
  | "choices"
  | "sticky"
  | "refused"
  | "guarded"
  | "allowed"
  | "hairpin";

/** What keys a virtual address: `ADDRESS . PROTOCOL . PORT`. */
const KEY = (ip: NftFamily): string => `${ip} daddr . meta l4proto . th dport`;

/** Set on a packet whose source becomes the node's own address on the way out. Upstream's bit. */
const MASQUERADE_BIT = "0x4000";

/** Clients that Services with session affinity remember: over all of them in IPv4, for each in IPv6. */
const AFFINITY_CLIENTS_MAX = 262_144;

const CLIENTS_KEPT = `flags dynamic, timeout; size ${AFFINITY_CLIENTS_MAX};`;

/** The numbers of backends that keep the client's address start here, apart from the others of the same port. */
export const PRESERVED_OFFSET = 0x10000;

export interface LayoutOptions {
  readonly table: string;
  readonly family: IpFamily;
  /** Ranges of this family that pods have. */
  readonly podCIDRs: readonly string[];
  /** Ranges of this family that Services have. */
  readonly serviceCIDRs: readonly string[];
}

/**
 * Commands that make the table, or bring an older one of this layout to the same empty state. Open connections are
 * not touched by any of it, and IPv4 clients stay with their backends. With `anew` nothing of the old table stays: for
 * one that another version made.
 */
export function layout({ table, family, podCIDRs, serviceCIDRs }: LayoutOptions, anew: boolean): string {
  const ip = nftFamily(family);
  const address = family === "ipv4" ? "ipv4_addr" : "ipv6_addr";
  const at = `${address} . inet_proto . inet_service`;
  const target = `${address} . inet_service`;
  const maps: Record<MapName, string> = {
    services: `map services { type ${at} : verdict; }`,
    inside: `map inside { type ${at} : verdict; }`,
    outside: `map outside { type ${at} : verdict; }`,
    backends: `map backends { type ${at} . mark : ${target}; }`,
    choices: `map choices { type ${at} . mark : mark; }`,
    sticky: `map sticky { type ${at} . mark : ${target}; }`,
    refused: `map refused { type ${at} : verdict; }`,
    guarded: `map guarded { type ${at} : verdict; }`,
    allowed: `set allowed { type ${at} . ${address}; flags interval; }`,
    hairpin: `set hairpin { type ${address} . ${address}; }`,
  };
  const names = Object.keys(maps) as MapName[];
  return [
    `add table ${ip} ${table}`,
    ...(anew || family === "ipv6" ? [`delete table ${ip} ${table}`] : []),
    `table ${ip} ${table} {`,
    "  counter refused { }",
    "  counter dropped { }",
    ...names.map((name) => `  ${maps[name]}`),
    ...(family === "ipv4" ? [`  map affinity { type ${at} . ${address} : mark; ${CLIENTS_KEPT} }`] : []),
    `  set pods { type ${address}; flags interval; }`,
    `  set virtual { type ${address}; flags interval; }`,
    "}",
    ...names.map((name) => `flush ${SETS.has(name) ? "set" : "map"} ${ip} ${table} ${name}`),
    `flush set ${ip} ${table} pods`,
    ...addTo(ip, table, "pods", podCIDRs),
    ...serviceRanges(table, family, serviceCIDRs),
    // An earlier run may have filled the chains. They are all there before a rule names one.
    ...chains(ip).map(({ name, hook }) => `add chain ${ip} ${table} ${name}${hook ? ` { ${hook} }` : ""}`),
    ...chains(ip).map(({ name }) => `flush chain ${ip} ${table} ${name}`),
    ...chains(ip).flatMap(({ name, rules }) =>
      rules.map((rule) => `add rule ${ip} ${table} ${name} ${rule}`),
    ),
    "",
  ].join("\n");
}

/** Commands that make these the ranges that Services have; none may lie within another. */
export function serviceRanges(table: string, family: IpFamily, ranges: readonly string[]): readonly string[] {
  const ip = nftFamily(family);
  return [`flush set ${ip} ${table} virtual`, ...addTo(ip, table, "virtual", ranges)];
}

/** Sets hold keys alone, maps keys with values. */
export const SETS: ReadonlySet<MapName> = new Set(["allowed", "hairpin"]);

const addTo = (ip: NftFamily, table: string, set: string, elements: readonly string[]): string[] =>
  elements.length === 0 ? [] : [`add element ${ip} ${table} ${set} { ${elements.join(", ")} }`];

interface Chain {
  readonly name: string;
  /** Set where packets come by themselves. */
  readonly hook?: string;
  readonly rules: readonly string[];
}

const hook = (type: string, at: string, priority: number): string =>
  `type ${type} hook ${at} priority ${priority}; policy accept;`;

/** Before destinations are rewritten, and the same for packets of the node's own. */
const ADMIT = -110;
const STEER = -100;
/** After destinations are rewritten: who still has a virtual address as destination found no Service there. */
const STRAY = -10;
const LEAVE = 100;

function chains(ip: NftFamily): readonly Chain[] {
  const key = KEY(ip);
  const icmp = ip === "ip" ? "icmp" : "icmpv6";
  const admit = [`ct state new ${key} vmap @refused`, `ct state new ${key} vmap @guarded`];
  const steer = [`${key} vmap @services`];
  const masquerade = `meta mark set meta mark or ${MASQUERADE_BIT}`;
  return [
    {
      name: "refuse",
      rules: [
        "counter name refused",
        "meta l4proto tcp reject with tcp reset",
        `reject with ${icmp} type port-unreachable`,
      ],
    },
    { name: "discard", rules: ["counter name dropped drop"] },
    { name: "sources", rules: [`${key} . ${ip} saddr @allowed return`, "goto discard"] },
    {
      name: "policy-local",
      rules: [
        `${ip} saddr @pods ${key} vmap @inside`,
        `fib saddr type local ${masquerade} ${key} vmap @inside`,
        `${key} vmap @outside`,
      ],
    },
    { name: "admit-incoming", hook: hook("filter", "prerouting", ADMIT), rules: admit },
    { name: "admit-own", hook: hook("filter", "output", ADMIT), rules: admit },
    { name: "steer-incoming", hook: hook("nat", "prerouting", STEER), rules: steer },
    { name: "steer-own", hook: hook("nat", "output", STEER), rules: steer },
    {
      name: "stray-forwarded",
      hook: hook("filter", "forward", STRAY),
      rules: [`${ip} daddr @virtual ct state new goto refuse`],
    },
    {
      name: "stray-own",
      hook: hook("filter", "output", STRAY),
      rules: [`${ip} daddr @virtual ct state new fib daddr type != local goto refuse`],
    },
    {
      name: "leave",
      hook: hook("nat", "postrouting", LEAVE),
      rules: [
        `meta mark and ${MASQUERADE_BIT} == ${MASQUERADE_BIT} meta mark set meta mark xor ${MASQUERADE_BIT} masquerade fully-random`,
        `${ip} saddr . ${ip} daddr @hairpin masquerade fully-random`,
      ],
    },
  ];
}

/** Chains shared by Services of the same shape. */
export interface ChainShape {
  /**
   * `cluster`: for the Service's own address; senders from outside the cluster are masqueraded.
   * `external`: for other addresses; every sender is masqueraded.
   * `preserved`: for other addresses under the policy Local; no sender is.
   * `inside`: as external, for senders in the cluster; the rules before it have decided about masquerading.
   */
  readonly use: "cluster" | "external" | "preserved" | "inside";
  /** How many backends it draws from. */
  readonly backends: number;
  readonly affinitySeconds: number | undefined;
  /**
   * IPv6 with affinity alone: names the map of clients that this one virtual address has for itself, because nft 1.0.6
   * has no room for a client's and a Service's address in one key.
   */
  readonly clients?: string;
}

export const chainName = ({ use, backends, affinitySeconds, clients }: ChainShape): string =>
  [
    `${use}-${backends}`,
    ...(affinitySeconds === undefined ? [] : [`for-${affinitySeconds}s`]),
    ...(clients ? [clients] : []),
  ].join("-");

/** Commands that make the chain, or make it anew. */
export function dispatchChain(table: string, family: IpFamily, shape: ChainShape): string {
  const ip = nftFamily(family);
  const name = chainName(shape);
  const rules = [
    ...masqueradeRules(ip, shape),
    ...(shape.affinitySeconds === undefined ? drawn(ip, shape) : kept(ip, shape)),
  ];
  return [
    `add chain ${ip} ${table} ${name}`,
    `flush chain ${ip} ${table} ${name}`,
    ...(shape.clients
      ? [`add map ${ip} ${table} ${shape.clients} { type ipv6_addr : mark; ${CLIENTS_KEPT} }`]
      : []),
    ...rules.map((rule) => `add rule ${ip} ${table} ${name} ${rule}`),
  ].join("\n");
}

function masqueradeRules(ip: NftFamily, { use }: ChainShape): readonly string[] {
  if (use === "cluster") return [`${ip} saddr != @pods meta mark set meta mark or ${MASQUERADE_BIT}`];
  return use === "external" ? [`meta mark set meta mark or ${MASQUERADE_BIT}`] : [];
}

const drawNumber = ({ use, backends }: ChainShape): string =>
  `numgen random mod ${backends}${use === "preserved" ? ` offset ${PRESERVED_OFFSET}` : ""}`;

const drawn = (ip: NftFamily, shape: ChainShape): readonly string[] => [
  `ct mark set ${drawNumber(shape)}`,
  `dnat to ${KEY(ip)} . ct mark map @backends`,
];

/** The backend the client had, as long as it is there; else a new one, which is remembered. */
function kept(ip: NftFamily, shape: ChainShape): readonly string[] {
  const key = KEY(ip);
  const client = shape.clients ? `${ip} saddr` : `${key} . ${ip} saddr`;
  const clients = shape.clients ?? "affinity";
  const remember = `update @${clients} { ${client} timeout ${shape.affinitySeconds}s : ct mark }`;
  return [
    `ct mark set ${client} map @${clients}`,
    // A mark that was not found is 0, and no backend has that number.
    `ct mark != 0 ${remember}`,
    `dnat to ${key} . ct mark map @sticky`,
    `delete @${clients} { ${client} : ct mark }`,
    `ct mark set ${drawNumber(shape)}`,
    `ct mark set ${key} . ct mark map @choices`,
    remember,
    `dnat to ${key} . ct mark map @sticky`,
  ];
}
