/** How this process is, as every Prometheus client tells it. */
import { readdirSync, readFileSync } from "node:fs";
import type { Registry } from "prom-client";
import { type Instrument, register } from "../instruments/instrument.ts";

type Read = () => number | undefined;

/** `startedMs`: by the wall clock. */
export function showProcess(registry: Registry, startedMs: number): void {
  const show = (type: Instrument["type"], name: string, help: string, read: Read) =>
    register(registry, {
      name,
      help,
      type,
      samples: () => {
        const value = read();
        return value === undefined ? [] : [{ labels: {}, value }];
      },
    });
  const { cpuUsage, memoryUsage } = process;
  show(
    "counter",
    "process_cpu_seconds_total",
    "Processor time that this process has used, in seconds.",
    () => {
      const { user, system } = cpuUsage();
      return (user + system) / 1e6;
    },
  );
  show(
    "gauge",
    "process_start_time_seconds",
    "When this process started, in seconds since 1970.",
    () => startedMs / 1000,
  );
  show("gauge", "process_resident_memory_bytes", "Memory that this process occupies, in bytes.", () =>
    memoryUsage.rss(),
  );
  show(
    "gauge",
    "process_virtual_memory_bytes",
    "Addresses that this process has reserved, in bytes.",
    virtualBytes,
  );
  show("gauge", "process_open_fds", "Files and connections that this process has open.", openFiles);
  show("gauge", "process_max_fds", "Files and connections that this process may have open.", openFilesMax);
  show(
    "gauge",
    "nodejs_heap_size_total_bytes",
    "Memory of the JavaScript heap, in bytes.",
    () => memoryUsage().heapTotal,
  );
  show(
    "gauge",
    "nodejs_heap_size_used_bytes",
    "Memory of JavaScript objects, in bytes.",
    () => memoryUsage().heapUsed,
  );
}

/** What the kernel says in this file; undefined where there is no such kernel. */
function told<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const virtualBytes: Read = () =>
  told(() => {
    const kilobytes = /^VmSize:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "latin1"));
    return kilobytes ? Number(kilobytes[1]) * 1024 : undefined;
  });

const openFiles: Read = () => told(() => readdirSync("/proc/self/fd").length);

const openFilesMax: Read = () =>
  told(() => {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"));
    return limit ? Number(limit[1]) : undefined;
  });
