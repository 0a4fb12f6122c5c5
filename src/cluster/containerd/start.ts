import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { type Clock, sleep } from "#base/clock";
import { runCommand } from "#base/node/command";
import { lastWords, pidOf, startDaemon } from "../daemon/daemon.ts";
import { archiveOf, type Image } from "../images/archive.ts";
import { PAUSE_IMAGE, pauseImage } from "../images/pause.ts";
import type { NodePlaces } from "../places.ts";
import { containerdConfig } from "./config.ts";
import { tasksOf } from "./residue.ts";

const CNI_BIN_DIR = "/usr/lib/cni";
const START_MS_MAX = 30_000;
/** A socket announces itself to nobody: it is tried until it answers. */
const SOCKET_CHECK_MS = 15;
const IMAGES_NAMESPACE = "k8s.io";

/** The daemon of one node, for starting and stopping. */
export const containerdDaemon = (places: NodePlaces) => ({
  what: `containerd of ${places.name}`,
  pidFile: places.containerdPid,
  logFile: places.containerdLog,
});

/** Starts the node's containerd, unless it runs already. `namespace`: path of the network namespace to start it in. */
export async function startContainerd(
  places: NodePlaces,
  namespace: string | undefined,
  clock: Clock,
): Promise<void> {
  const daemon = containerdDaemon(places);
  const dead = pidOf(daemon) === undefined ? await deadSockets(places) : [];
  if (pidOf(daemon) === undefined) {
    for (const folder of [
      places.dir,
      places.run,
      places.cniConfDir,
      places.registries,
      places.containerdRoot,
      places.containerdState,
    ]) {
      await mkdir(folder, { recursive: true, mode: 0o711 });
    }
    await writeFile(places.containerdConfig, configOf(places));
    const args = ["--config", places.containerdConfig];
    startDaemon(
      daemon,
      namespace === undefined
        ? { program: "containerd", args }
        : { program: "nsenter", args: [`--net=${namespace}`, "containerd", ...args] },
    );
  }
  await answering(places, clock);
  // Containerd clears away after dead shims, but for their sockets; it waits long for those that are missing.
  for (const socket of dead) await rm(socket, { force: true });
}

/** Sockets of shims that died while their containerd did not run. */
async function deadSockets(places: NodePlaces): Promise<readonly string[]> {
  const sockets = new Set(tasksOf(places).flatMap(({ socket }) => socket ?? []));
  const answers = await Promise.all([...sockets].map((socket) => connects(socket)));
  return [...sockets].filter((_socket, index) => !answers[index]);
}

function configOf(places: NodePlaces): string {
  return containerdConfig({
    places: {
      root: places.containerdRoot,
      state: places.containerdState,
      socket: places.containerdSocket,
      cniConfDir: places.cniConfDir,
      cniBinDir: CNI_BIN_DIR,
      registries: places.registries,
    },
    pauseImage: PAUSE_IMAGE,
    snapshotter: readFileSync("/proc/filesystems", "utf8").includes("\toverlay\n") ? "overlayfs" : "native",
    restrictOomScore: !hasCapability(CAP_SYS_RESOURCE),
  });
}

const CAP_SYS_RESOURCE = 24n;

function hasCapability(capability: bigint): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return ((BigInt(`0x${effective}`) >> capability) & 1n) === 1n;
}

async function answering(places: NodePlaces, clock: Clock): Promise<void> {
  const daemon = containerdDaemon(places);
  const deadline = clock.monotonic() + START_MS_MAX;
  while (!(await connects(places.containerdSocket))) {
    if (pidOf(daemon) === undefined) throw new Error(`${daemon.what} ended: ${lastWords(daemon)}`);
    if (clock.monotonic() > deadline) throw new Error(`${daemon.what} does not answer: ${lastWords(daemon)}`);
    await sleep(clock, SOCKET_CHECK_MS);
  }
}

function connects(socketPath: string): Promise<boolean> {
  if (!existsSync(socketPath)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = createConnection(socketPath)
      .on("connect", () => {
        socket.destroy();
        resolve(true);
      })
      .on("error", () => resolve(false));
  });
}

/** Brings the image that every pod starts from, unless the node has it. */
export async function ensurePauseImage(places: NodePlaces): Promise<void> {
  if ((await imageNames(places)).includes(PAUSE_IMAGE)) return;
  await importImage(places, await pauseImage());
}

const ctr = (places: NodePlaces, args: readonly string[]): Promise<string> =>
  runCommand("ctr", ["--address", places.containerdSocket, "--namespace", IMAGES_NAMESPACE, ...args]);

export async function imageNames(places: NodePlaces): Promise<readonly string[]> {
  const listed = await ctr(places, ["images", "list", "--quiet"]);
  return listed.split("\n").filter((name) => name !== "");
}

/** Imports an archive file as `docker save` and OCI tools write them; gives the names of its images. */
export async function importArchive(places: NodePlaces, file: string): Promise<readonly string[]> {
  const said = await ctr(places, ["images", "import", "--all-platforms", file]);
  return [...said.matchAll(/^unpacking (\S+)/gm)].map(([, name]) => name!);
}

export async function importImage(places: NodePlaces, image: Image): Promise<void> {
  const file = `${places.dir}/import-${process.pid}.tar`;
  await writeFile(file, await archiveOf(image));
  try {
    await importArchive(places, file);
  } finally {
    await runCommand("rm", ["-f", file]);
  }
}
