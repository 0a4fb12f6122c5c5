/** Results as JSON, which can be compared over time, and as a page to read. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type FigureKey, figureKinds, kindOf, median } from "./figures.ts";
import type { Machine } from "./machine.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const RESULTS = join(root, "bench/results/latest.json");
const PAGE = join(root, "docs/benchmarks.md");

export interface Result {
  readonly value: number;
  readonly rounds: readonly number[];
  readonly measuredAt: string;
  readonly machine: Machine;
}

export type Results = Readonly<Partial<Record<FigureKey, Result>>>;

export const readResults = (): Results =>
  existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, "utf8")) as Results) : {};

/** Puts new figures beside those of other benchmarks, in the order of the table. */
export function writeResults(
  figures: ReadonlyMap<FigureKey, readonly number[]>,
  machine: Machine,
  atMs: number,
): Results {
  const known = readResults();
  const measuredAt = new Date(atMs).toISOString();
  const results: Partial<Record<FigureKey, Result>> = {};
  for (const key of Object.keys(figureKinds) as FigureKey[]) {
    const rounds = figures.get(key)?.map(rounded);
    const result = rounds ? { value: rounded(median(rounds)), rounds, measuredAt, machine } : known[key];
    if (result) results[key] = result;
  }
  mkdirSync(dirname(RESULTS), { recursive: true });
  writeFileSync(RESULTS, `${JSON.stringify(results, undefined, 1)}\n`);
  writeFileSync(PAGE, page(results));
  return results;
}

const rounded = (value: number): number => Number(value.toPrecision(4));

const INTRODUCTION = `# Benchmarks

Printed by \`node bench/run.ts\`; do not edit. Each figure is the median of rounds that were measured in turn, with the
least and the most beside it. Load and server are separate processes of one machine and talk over TLS on loopback,
with client certificates, RBAC and admission on; every write is on disk before it is answered. The load is made by
Node, on the same cores. The API server's process also runs the controllers and the scheduler.
What limits each figure: [performance.md](performance.md).

**Upstream** stands for kube-apiserver, controller manager and scheduler 1.20.2, built from Debian's source package with
etcd 3.4, once, on two cores of a Xeon at 2.8 GHz: it is old and was measured on another machine, so a ratio to it says
no more than the order of magnitude, and nothing of version 1.35. Rate limits of upstream's clients were lifted where
that was possible (a Deployment of 500 takes 24.2 s with the limits it comes with). The **other peers** ran in turn with
k8ts on the same machine. Ratios are written so that more is better for k8ts.
`;

export function page(results: Results): string {
  const machines = [...new Set(Object.values(results).map((result) => describe(result.machine)))];
  const loads = Object.values(results).map(({ machine }) => machine.loadBefore);
  const load = `Load average of the minute before each benchmark: ${Math.min(...loads)} to ${Math.max(...loads)}; other work on the machine makes figures worse.`;
  const rows = (Object.keys(figureKinds) as FigureKey[]).flatMap((key) => {
    const result = results[key];
    return result ? [rowOf(key, result, results)] : [];
  });
  const table = [
    "| what | median (least – most) | aim | upstream | ratio | other peer | ratio |",
    "|---|---|---|---|---|---|---|",
    ...rows,
  ];
  return `${INTRODUCTION}\nMeasured on: ${machines.join("; ")}. ${load}\n\n${table.join("\n")}\n\n${PODS}\n`;
}

const PODS = `A pod of these benchmarks has one container with probes, a volume and the injected token volume. A bare Node server is
\`https.createServer\` that answers a buffer of the same size to every request. etcd's own puts go over gRPC without TLS.
Two of upstream's figures are not quite for the same thing: its LIST was of 6,301 pods and 16.7 MB, and its scheduler placed
pods that were all waiting already, while here they are created at the same time.
What needs root is measured by \`node bench/pod-start.ts\` and \`node bench/up.ts\`.`;

const describe = ({ cpu, cores, memoryGiB, kernel, node, system }: Machine): string =>
  `${cores} virtual cores of ${cpu}, ${memoryGiB} GiB, ${system}, Linux ${kernel}, Node.js ${node}`;

function rowOf(key: FigureKey, { value, rounds }: Result, results: Results): string {
  const { label, unit, aim, upstream, peer } = kindOf(key);
  const spread = rounds.length > 1 ? ` (${short(Math.min(...rounds))} – ${short(Math.max(...rounds))})` : "";
  const other = peer && results[peer as FigureKey];
  const cells = [
    label,
    `**${short(value)} ${unit}**${spread}`,
    aim === undefined ? "" : `${short(aim)} ${unit}`,
    upstream === undefined ? "" : `${short(upstream)} ${unit}`,
    upstream === undefined ? "" : ratio(key, value, upstream),
    other ? `${short(other.value)} ${unit}, ${kindOf(peer as FigureKey).label}` : "",
    other ? ratio(key, value, other.value) : "",
  ];
  return `| ${cells.join(" | ")} |`;
}

const ratio = (key: FigureKey, ours: number, theirs: number): string =>
  `${short(kindOf(key).better === "lower" ? theirs / ours : ours / theirs)}x`;

const short = (value: number): string =>
  Math.abs(value) >= 100
    ? Math.round(value).toLocaleString("en")
    : String(Number(value.toPrecision(value < 10 ? 2 : 3)));
