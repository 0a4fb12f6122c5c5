/**
 * How long `k8ts up` takes, and what a whole cluster of one node costs at rest. Needs root; makes a cluster of its own
 * and removes it. `node bench/up.ts [--quick]`: a quick run writes no results.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { pidOf } from "#cluster/daemon/daemon";
import { placesOf } from "#cluster/places";
import { type FigureKey, kindOf, median } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import { cpuMicros, pssBytes } from "./proc.ts";
import { writeResults } from "./report.ts";
import { cleanUp, newFolder, pause } from "./workspace.ts";

const PROGRAM = fileURLToPath(new URL("../k8ts", import.meta.url));
const MEGABYTE = 1e6;
/** After its start a process collects its garbage once, and V8 shrinks its spaces some ten seconds later. */
const SETTLE_MS = 30_000;

const quick = process.argv.includes("--quick");
const rounds = quick ? 1 : 5;
const lookMs = quick ? 5_000 : 30_000;
const machine = describeMachine();
const dataDir = newFolder("up");
const name = `bench-${process.pid}`;
const places = placesOf(name, dataDir);
const figures = new Map<FigureKey, number[]>();
const note = (key: FigureKey, value: number) => void figures.set(key, [...(figures.get(key) ?? []), value]);

const run = (...args: string[]) =>
  promisify(execFile)(PROGRAM, [...args, "--name", name, "--data-dir", dataDir]);

async function timed(...args: string[]): Promise<number> {
  const began = performance.now();
  await run(...args);
  return (performance.now() - began) / 1000;
}

/** The control plane and the agent of the one node; containerd and its shims are not ours. */
function pids(): readonly number[] {
  const found = [places.serverPid, places.node("node-1").agentPid].map((pidFile) => pidOf({ pidFile }));
  return found.map((pid, index) => {
    if (pid === undefined) throw new Error(`${index === 0 ? "the control plane" : "the agent"} does not run`);
    return pid;
  });
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

try {
  for (let round = 0; round < rounds; round++) {
    note("up.cold", await timed("up", "--no-uplink"));
    await run("down");
    note("up.warm", await timed("up", "--no-uplink"));
    if (round === 0) {
      await pause(SETTLE_MS);
      const before = sum(pids().map(cpuMicros));
      await pause(lookMs);
      note("up.cpu", ((sum(pids().map(cpuMicros)) - before) / (lookMs * 1000)) * 100);
      note("up.pss", sum(pids().map(pssBytes)) / MEGABYTE);
    }
    await run("delete");
  }
  for (const [key, measured] of figures) {
    const { label, unit } = kindOf(key);
    console.log(`${label.padEnd(84)} ${Number(median(measured).toPrecision(4))} ${unit}`);
  }
  if (!quick) writeResults(figures, machine, Date.now());
} finally {
  await run("delete").catch(() => undefined);
  await cleanUp();
}
