import type { Random } from "#base/random";
import type { Pod } from "#api/core-v1/pod";
import type { Point } from "./metrics.ts";
import type { ClusterState } from "./cluster-state.ts";
import type { NodeInfo } from "./node-info.ts";
import { indifferent, type Plugin, type Rejection } from "./plugin.ts";

/** With fewer nodes than this all are looked at; in larger clusters a share is enough. */
const CANDIDATES_MIN = 100;
const CANDIDATES_PERCENT_MIN = 5;

/** A plugin that has a say about the pod, with what it prepared. */
export interface Prepared {
  readonly plugin: Plugin;
  readonly state: unknown;
}

export type Placement =
  | { readonly placed: true; readonly node: NodeInfo; readonly evaluated: number }
  | {
      readonly placed: false;
      readonly rejections: ReadonlyMap<string, Rejection>;
      /** Names of the plugins that turned nodes down. */
      readonly plugins: ReadonlySet<string>;
      readonly prepared: readonly Prepared[];
    };

export interface Cycle {
  readonly plugins: readonly Plugin[];
  readonly random: Random;
  /** Where the last search stopped, so that all nodes get their turn. */
  start: number;
  /** Called when all plugins have run at this point. */
  readonly lap?: (point: Point, succeeded: boolean) => void;
}

export const prepareAll = (plugins: readonly Plugin[], pod: Pod, state: ClusterState): Prepared[] =>
  plugins.flatMap((plugin) => {
    const prepared = plugin.prepare(pod, state);
    return prepared === indifferent ? [] : [{ plugin, state: prepared }];
  });

/** The first rejection of a node, or undefined when it fits. */
export function filterNode(
  prepared: readonly Prepared[],
  node: NodeInfo,
  pod: Pod,
): { readonly rejection: Rejection; readonly plugin: Plugin } | undefined {
  for (const { plugin, state } of prepared) {
    const rejection = plugin.filter?.(state, node, pod);
    if (rejection) return { rejection, plugin };
  }
  return undefined;
}

/** Decides where a pod goes, and does nothing: neither the state nor the pod changes. */
export function place(cycle: Cycle, pod: Pod, state: ClusterState): Placement {
  const prepared = prepareAll(cycle.plugins, pod, state);
  cycle.lap?.("PreFilter", true);
  const nodes = state.nodeList;
  const enough = candidatesWanted(nodes.length);
  const candidates: NodeInfo[] = [];
  const rejections = new Map<string, Rejection>();
  const plugins = new Set<string>();
  let looked = 0;
  for (; looked < nodes.length && candidates.length < enough; looked++) {
    const node = nodes[(cycle.start + looked) % nodes.length]!;
    const refused = filterNode(prepared, node, pod);
    if (!refused) candidates.push(node);
    else {
      rejections.set(node.name, refused.rejection);
      plugins.add(refused.plugin.name);
    }
  }
  cycle.start = nodes.length === 0 ? 0 : (cycle.start + looked) % nodes.length;
  cycle.lap?.("Filter", candidates.length > 0);
  if (candidates.length === 0) return { placed: false, rejections, plugins, prepared };
  const node = best(prepared, candidates, pod, cycle.random);
  cycle.lap?.("Score", true);
  return { placed: true, node, evaluated: looked };
}

function candidatesWanted(nodes: number): number {
  if (nodes <= CANDIDATES_MIN) return nodes;
  const percent = Math.max(CANDIDATES_PERCENT_MIN, 50 - Math.floor(nodes / 125));
  return Math.max(CANDIDATES_MIN, Math.floor((nodes * percent) / 100));
}

function best(
  prepared: readonly Prepared[],
  candidates: readonly NodeInfo[],
  pod: Pod,
  random: Random,
): NodeInfo {
  if (candidates.length === 1) return candidates[0]!;
  const totals = candidates.map(() => 0);
  for (const { plugin, state } of prepared) {
    if (!plugin.score) continue;
    const raw = candidates.map((node) => plugin.score!(state, node, pod));
    const scores = plugin.normalize?.(raw, state) ?? raw;
    const weight = plugin.weight ?? 1;
    for (let index = 0; index < totals.length; index++) totals[index]! += weight * scores[index]!;
  }
  const most = Math.max(...totals);
  const winners = candidates.filter((_node, index) => totals[index] === most);
  return winners[random.below(winners.length)]!;
}
