/** What containerd, its shims and runc keep outside of containerd's own folders, and leave there when they end badly. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { NodePlaces } from "../places.ts";

const NAMESPACE = "k8s.io";
const RUNC_STATES = `/run/containerd/runc/${NAMESPACE}`;
/** The network plugins' notes, one for each network of a sandbox. */
const NETWORK_RESULTS = "/var/lib/cni/results";

/** A container or sandbox of which containerd knows. */
export interface Task {
  readonly id: string;
  /** Where its shim listens; sandbox and containers share one. */
  readonly socket: string | undefined;
}

export function tasksOf({ containerdState }: NodePlaces): readonly Task[] {
  const folder = join(containerdState, "io.containerd.runtime.v2.task", NAMESPACE);
  return namesIn(folder).map((id) => {
    const address = join(folder, id, "address");
    const text = existsSync(address) ? readFileSync(address, "utf8").trim() : "";
    return { id, socket: text.startsWith("unix://") ? text.slice("unix://".length) : undefined };
  });
}

/** For tasks that no longer run, and whose shims have ended. */
export async function removeResidue(tasks: readonly Task[]): Promise<void> {
  const results = namesIn(NETWORK_RESULTS);
  for (const { id, socket } of tasks) {
    const files = results
      .filter((name) => name.includes(`-${id}-`))
      .map((name) => join(NETWORK_RESULTS, name));
    const paths = [...files, join(RUNC_STATES, id), ...(socket === undefined ? [] : [socket])];
    for (const path of paths) await rm(path, { recursive: true, force: true });
  }
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
