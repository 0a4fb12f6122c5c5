import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { logger } from "#base/log";

const log = logger("cgroups");
const MOUNT = "/sys/fs/cgroup";

/** Cgroup of a local cluster; its nodes are below it, and all clusters of the machine side by side. */
export const clusterCgroup = (cluster: string): string => `/k8ts/${cluster}`;

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
  const folders = existsSync(MOUNT) ? readdirSync(MOUNT, { withFileTypes: true }) : [];
  return folders.filter((entry) => entry.isDirectory()).map(({ name }) => join(MOUNT, name));
}

/** The kernel removes a cgroup only without children; the files in it are its own. */
function removeBelow(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    removeBelow(join(path, entry.name));
    rmdirSync(join(path, entry.name));
  }
}
