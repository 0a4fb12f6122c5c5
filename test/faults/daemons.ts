import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { type Daemon, pidOf, recordOf, signalProcess } from "#cluster/daemon/daemon";
import type { LocalCluster } from "../local-cluster.ts";
import { eventually } from "../tools/eventually.ts";

/** Ends a daemon without a chance to say goodbye. It is started again by itself. */
export async function killDaemon(daemon: Daemon): Promise<void> {
  const pid = pidOf(daemon);
  assert.ok(pid !== undefined, `${daemon.what} runs`);
  process.kill(pid, "SIGKILL");
  await eventually(() => assert.notEqual(pidOf(daemon), pid));
}

/** Ends a daemon and who would start it again: as if the machine it ran on were gone. */
export async function killForGood(daemon: Daemon): Promise<void> {
  const { main, successor } = recordOf(daemon);
  assert.ok(main && successor, `${daemon.what} runs, and somebody waits beside it`);
  for (const { pid } of [successor, main]) signalProcess(pid, "SIGKILL");
  await eventually(() => assert.equal(pidOf(daemon), undefined));
}

/** Processes of the machine that are in this cgroup or below: a pod's, a container's or a node's. */
export const processesOf = (cgroup: string): readonly number[] =>
  readdirSync("/proc")
    .filter((entry) => /^[0-9]+$/.test(entry))
    .filter((pid) => cgroupsOf(pid).includes(cgroup))
    .map(Number);

function cgroupsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "utf8");
  } catch {
    return "";
  }
}

/** Every container of these pods: its id and how often it was started again. */
export async function containersOf(cluster: LocalCluster, selector: string): Promise<string> {
  const path = "{range .items[*].status.containerStatuses[*]}{.containerID} {.restartCount}\n{end}";
  const lines = await cluster.kubectl(`get pods -l ${selector} -o`, `jsonpath=${path}`);
  return lines.trim().split("\n").toSorted().join("\n");
}
