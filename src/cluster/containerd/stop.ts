import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "#base/clock";
import { logger } from "#base/log";
import { runCommand } from "#base/node/command";
import { CriClient } from "#kubelet/cri/client";
import { unmount } from "#kubelet/volumes/mount-syscall";
import { mountsBelow } from "#kubelet/volumes/mounts-below";
import { pidOf, signalProcess, stopDaemon } from "../daemon/daemon.ts";
import type { NodePlaces } from "../places.ts";
import { removeResidue, tasksOf } from "./residue.ts";
import { containerdDaemon } from "./start.ts";

const log = logger("containerd");

/** Containers get this long to end by themselves when their node is stopped. */
const GRACE_SECONDS = 2;

/** Ends a node's containers and its containerd, and takes away what they would leave behind. */
export async function stopContainers(places: NodePlaces): Promise<void> {
  const daemon = containerdDaemon(places);
  const tasks = tasksOf(places);
  if (pidOf(daemon) !== undefined) await removeSandboxes(places);
  const namespaces = sandboxNamespaces(places);
  await stopDaemon(daemon, systemClock);
  for (const pid of shimsOf(places)) signalProcess(pid, "SIGKILL");
  await unmountBelow([places.run, places.dir]);
  for (const namespace of namespaces) await runCommand("ip", ["netns", "delete", namespace]).catch(() => "");
  await removeResidue(tasks);
}

/** The runtime knows best what belongs to a sandbox; what it cannot remove is cleared away afterwards. */
async function removeSandboxes(places: NodePlaces): Promise<void> {
  const runtime = new CriClient(places.containerdSocket, places.containerdSocket, systemClock);
  try {
    const containers = await runtime.listContainers();
    await Promise.allSettled(containers.map(({ id }) => runtime.stopContainer(id, GRACE_SECONDS)));
    const sandboxes = await runtime.listSandboxes();
    await Promise.allSettled(
      sandboxes.map(async ({ id }) => {
        await runtime.stopSandbox(id);
        await runtime.removeSandbox(id);
      }),
    );
  } catch (error) {
    log.warn("sandboxes not removed by the runtime", { node: places.name, error });
  } finally {
    runtime.close();
  }
}

/** Names of network namespaces that sandboxes of this node still have, from the runtime's own records. */
function sandboxNamespaces(places: NodePlaces): string[] {
  const tasks = join(places.containerdState, "io.containerd.runtime.v2.task", "k8s.io");
  if (!existsSync(tasks)) return [];
  const found = readdirSync(tasks).flatMap((id) => {
    const file = join(tasks, id, "config.json");
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    return [...text.matchAll(/\/run\/netns\/(cni-[0-9a-f-]+)/g)].map(([, name]) => name!);
  });
  return [...new Set(found)];
}

/** Shims outlive their containerd; they are known by the socket that they report to. */
function shimsOf({ containerdSocket }: NodePlaces): number[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^[0-9]+$/.test(entry)) return [];
    const words = commandOf(Number(entry));
    return words[0]?.includes("containerd-shim") && words.includes(containerdSocket) ? [Number(entry)] : [];
  });
}

function commandOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

/** Throws for what cannot be unmounted: it is somebody's data, which nobody may take for this node's. */
async function unmountBelow(folders: readonly string[]): Promise<void> {
  const mounted = (await Promise.all(folders.map(mountsBelow))).flat();
  for (const path of mounted) unmount(path);
}
