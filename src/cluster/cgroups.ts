import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Clock, sleep } from "#base/clock";
import { logger } from "#base/log";
import { signalProcess } from "./daemon/daemon.ts";

const log = logger("cgroups");
const MOUNT = "/sys/fs/cgroup";

/** Cgroup of a local cluster; its nodes are below it, and all clusters of the machine side by side. */
export const clusterCgroup = (cluster: string): string => `/k8ts/${cluster}`;

/** Processes end within this time after SIGKILL, unless the kernel holds them. */
const END_MS_MAX = 5_000;
/** The kernel tells nobody that a cgroup of version 1 is empty. */
const END_CHECK_MS = 10;

/** Ends what still runs in a cgroup or below, whoever started it. */
export async function endProcesses(cgroup: string, clock: Clock): Promise<void> {
  const deadline = clock.monotonic() + END_MS_MAX;
  for (;;) {
    const pids = new Set(trees().flatMap((tree) => processesBelow(join(tree, cgroup))));
    if (pids.size === 0) return;
    for (const pid of pids) signalProcess(pid, "SIGKILL");
    if (clock.monotonic() > deadline) return log.warn("processes do not end", { cgroup, pids: [...pids] });
    await sleep(clock, END_CHECK_MS);
  }
}

function processesBelow(path: string): readonly number[] {
  const file = join(path, "cgroup.procs");
  if (!existsSync(file)) return [];
  const own = readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number);
  return [...own, ...foldersIn(path).flatMap((name) => processesBelow(join(path, name)))];
}

/** Removes a cgroup with all that is below it, and the folder of all clusters with the last of them. */
export function removeCgroups(cgroup: string): void {
  for (const tree of trees()) {
    const path = join(tree, cgroup);
    try {
      removeBelow(path);
      rmdirSync(path);
    } catch (error) {
      if (existsSync(path)) log.warn("cgroup not removed", { path, error });
      continue;
    }
    try {
      rmdirSync(dirname(path));
    } catch {
      // Others are still in it.
    }
  }
}

/** Version 1 has a tree for each controller, version 2 one for all. */
function trees(): readonly string[] {
  if (existsSync(join(MOUNT, "cgroup.controllers"))) return [MOUNT];
  return existsSync(MOUNT) ? foldersIn(MOUNT).map((name) => join(MOUNT, name)) : [];
}

const foldersIn = (path: string): readonly string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

/** The kernel removes a cgroup only without children; the files in it are its own. */
function removeBelow(path: string): void {
  for (const name of foldersIn(path)) {
    removeBelow(join(path, name));
    rmdirSync(join(path, name));
  }
}
