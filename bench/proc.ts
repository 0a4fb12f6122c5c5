/** What the kernel says of a process. Linux only. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** CPU time so far of all threads that a process has now, in microseconds. */
export function cpuMicros(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [running] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ");
    nanoseconds += Number(running);
  }
  return nanoseconds / 1000;
}

/** Memory that counts for this process alone, with its share of what it shares with others, in bytes. */
export const pssBytes = (pid: number): number => kilobytes(`/proc/${pid}/smaps_rollup`, "Pss");

export const rssBytes = (pid: number): number => kilobytes(`/proc/${pid}/status`, "VmRSS");

/** The most memory since `forgetPeak`, in bytes. */
export const peakRssBytes = (pid: number): number => kilobytes(`/proc/${pid}/status`, "VmHWM");

export const forgetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, "5");

function kilobytes(file: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+([0-9]+) kB$`, "m").exec(readFileSync(file, "latin1"));
  if (!found) throw new Error(`${file} says nothing of ${name}`);
  return Number(found[1]) * 1024;
}
