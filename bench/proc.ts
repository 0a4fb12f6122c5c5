/** What the kernel says of a process. Linux only. */
import { readFileSync, writeFileSync } from "node:fs";

/** Microseconds of one tick of /proc/PID/stat; Linux has counted 100 a second for decades. */
const TICK_US = 10_000;

/** CPU time of a process with all its threads so far, in microseconds; exact to 10 ms. */
export function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
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
