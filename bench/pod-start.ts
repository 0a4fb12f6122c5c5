/**
 * How much longer a pod takes to run through the kubelet than its bare runtime calls. Needs root and containerd; runs
 * the kubelet's own benchmark and puts its figure beside the others.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describeMachine } from "./machine.ts";
import { writeResults } from "./report.ts";

const BENCHMARK = fileURLToPath(new URL("../src/kubelet/pod-start.bench.ts", import.meta.url));
const RUNS = 3;

const machine = describeMachine();
const overheads: number[] = [];
for (let run = 0; run < RUNS; run++) {
  const { stdout } = await promisify(execFile)(process.execPath, [BENCHMARK]);
  const found = /overhead (-?[0-9.]+) ms/.exec(stdout);
  if (!found) throw new Error(`the kubelet's benchmark said no overhead: ${stdout}`);
  overheads.push(Number(found[1]));
  console.log(stdout.trim());
}
writeResults(new Map([["pod-start.overhead", overheads]]), machine, Date.now());
