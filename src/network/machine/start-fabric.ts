import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { ipBatch, ipShow } from "#base/node/iproute";
import { runCommand } from "#base/node/command";
import { type Nftables, openNftables } from "#base/node/nftables";
import {
  bridgeOf,
  clusterHash,
  type Existing,
  type Fabric,
  type FabricOptions,
  filterCommands,
  furtherRoutes,
  guardedRanges,
  hostCommands,
  nodeCommands,
  planFabric,
  removalCommands,
  type Route,
} from "./fabric.ts";
import { chooseRanges, type ClusterRanges } from "./ranges.ts";

const FORWARDING = "/proc/sys/net/ipv4/ip_forward";

/** Ranges for a new cluster, chosen by what the machine has routes for. To be kept with the cluster's settings. */
export async function freeRanges(cluster: string): Promise<ClusterRanges> {
  const routes = await ipShow<Route>(["-4", "route", "show", "table", "all"]);
  const used = routes.map(({ dst }) =>
    dst === "default" ? "0.0.0.0/0" : dst.includes("/") ? dst : `${dst}/32`,
  );
  return chooseRanges(used, clusterHash(cluster));
}

/** Lays the cables, or mends them: it may be called again, with more nodes as well. */
export async function startFabric(options: FabricOptions): Promise<Fabric> {
  const fabric = planFabric(options);
  await ipBatch(hostCommands(options, existing()));
  await Promise.all([
    ...fabric.nodes.map((node) => ipBatch(nodeCommands(options, node), { namespace: node.namespace })),
    startFilter(options),
  ]);
  return fabric;
}

/** The machine reaches these ranges of services, too, and no others. */
export async function routeFurther(options: FabricOptions, serviceRanges: readonly string[]): Promise<void> {
  const routes = await ipShow<Route>(["-4", "route", "show"]);
  await ipBatch(furtherRoutes(options, serviceRanges, routes));
}

/** Takes everything away that `startFabric` made for the cluster. Processes in the namespaces must have ended. */
export async function removeFabric(cluster: string): Promise<void> {
  const routes = await ipShow<Route>(["-4", "route", "show", "type", "unreachable"]);
  // The tool leaves out the type that was asked for.
  const unreachable = routes.map((route) => ({ ...route, type: "unreachable" }));
  await ipBatch(removalCommands(cluster, existing(), guardedRanges(cluster, unreachable)), { force: true });
  await withFilter((nft) => stopFilter(cluster, nft));
}

/** Programs that run in the nodes' namespaces: what has to end before the fabric can be removed. */
export async function processesIn(namespaces: readonly string[]): Promise<readonly number[]> {
  const outputs = await Promise.all(
    namespaces.map((namespace) => runCommand("ip", ["netns", "pids", namespace]).catch(() => "")),
  );
  return outputs.flatMap((output) => output.split("\n").filter(Boolean).map(Number));
}

/** Network namespaces of the cluster that are there. */
export const fabricNamespaces = (cluster: string): readonly string[] =>
  [...existing().namespaces].filter((name) => name.startsWith(`${bridgeOf(cluster)}-`));

function existing(): Existing {
  return { devices: new Set(readdirSync("/sys/class/net")), namespaces: new Set(namespaces()) };
}

function namespaces(): readonly string[] {
  try {
    return readdirSync("/run/netns");
  } catch {
    return []; // The directory comes with the first namespace.
  }
}

async function withFilter<T>(work: (nft: Nftables) => Promise<T>): Promise<T> {
  const nft = openNftables();
  try {
    return await work(nft);
  } finally {
    nft.close();
  }
}

/**
 * Forwarding is switched on for the uplink. What it was before the first cluster is noted in the tables of all, for
 * the day when the last one goes.
 */
async function startFilter(options: FabricOptions): Promise<void> {
  await withFilter(async (nft) => {
    const notes = await notesOf(nft);
    const first = [...notes.values()].includes("0") ? "0" : notes.values().next().value;
    await nft.run(filterCommands(options, first ?? readFileSync(FORWARDING, "utf8").trim()));
  });
  if (options.uplink) writeFileSync(FORWARDING, "1");
}

async function stopFilter(cluster: string, nft: Nftables): Promise<void> {
  const notes = await notesOf(nft);
  const bridge = bridgeOf(cluster);
  if (!notes.has(bridge)) return;
  await nft.run(`delete table ip ${bridge}\n`);
  if (notes.get(bridge) === "0" && notes.size === 1) writeFileSync(FORWARDING, "0");
}

/** By the tables of all clusters: what forwarding was before. */
async function notesOf(nft: Nftables): Promise<ReadonlyMap<string, string>> {
  const notes = new Map<string, string>();
  const tables = await nft.run("list tables ip\n");
  for (const [, table = ""] of tables.matchAll(/^table ip (k8ts-[0-9a-f]{6})$/gm)) {
    const text = await nft.run(`list table ip ${table}\n`);
    notes.set(table, /ip_forward=(\d)/.exec(text)?.[1] ?? "");
  }
  return notes;
}
