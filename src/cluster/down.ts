import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "#base/clock";
import { mountsBelow } from "#kubelet/volumes/mounts-below";
import { removeTree } from "#kubelet/volumes/remove-tree";
import { fabricNamespaces, processesIn, removeFabric } from "#network/machine/start-fabric";
import { clusterCgroup, endProcesses, removeCgroups } from "./cgroups.ts";
import { stopContainers } from "./containerd/stop.ts";
import { signalProcess, stopDaemon } from "./daemon/daemon.ts";
import { type ClusterPlaces, type NodePlaces, placesOf } from "./places.ts";
import { readSettings } from "./settings.ts";
import { StepFailed, type StepOutput, Steps } from "./steps.ts";
import { agentDaemon, serverDaemon } from "./daemons.ts";

export interface DownOptions {
  readonly name: string;
  readonly dataDir: string;
  readonly output: StepOutput;
}

/** Stops everything of the cluster that runs. Its objects, images and settings stay for the next `up`. */
export async function down({ name, dataDir, output }: DownOptions): Promise<void> {
  const places = placesOf(name, dataDir);
  const nodes = nodesOf(places);
  const steps = new Steps(output, systemClock, 4);
  await steps.run("Stopping the nodes", () =>
    Promise.all(nodes.map((node) => stopDaemon(agentDaemon(node), systemClock))),
  );
  await steps.run("Stopping the containers", async () => {
    await Promise.all(nodes.map(stopContainers));
    await endProcesses(clusterCgroup(name), systemClock);
  });
  await steps.run("Stopping the control plane", () => stopDaemon(serverDaemon(places), systemClock));
  await steps.run("Removing the network", async () => {
    for (const pid of await processesIn(fabricNamespaces(name))) signalProcess(pid, "SIGKILL");
    await removeFabric(name);
    removeCgroups(clusterCgroup(name));
    await rm(places.run, { recursive: true, force: true });
  });
}

/** As `down`, and forgets the cluster with all its data. */
export async function deleteCluster(options: DownOptions): Promise<void> {
  await down(options);
  const { dir } = placesOf(options.name, options.dataDir);
  const [mounted] = await mountsBelow(dir);
  // What is mounted may be anybody's.
  if (mounted !== undefined)
    throw new StepFailed(`something is still mounted on ${mounted}`, "unmount it, then delete once more");
  await removeTree(dir);
}

/** The nodes of the settings, and any whose folder is left of an interrupted start. */
function nodesOf(places: ClusterPlaces): NodePlaces[] {
  const folder = join(places.dir, "nodes");
  const found = existsSync(folder) ? readdirSync(folder) : [];
  const names = new Set([...(readSettings(places)?.nodes ?? []), ...found]);
  return [...names].map((name) => places.node(name));
}
