import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { bridgeOf } from "#network/machine/fabric";
import type { ClusterPlaces } from "#cluster/places";
import { output } from "./run.ts";

const CGROUPS = "/sys/fs/cgroup";

/** Whatever of a cluster can be seen on this machine, a line for each thing. Other clusters of the machine do not count. */
export async function traces(
  places: ClusterPlaces,
  sandboxes: readonly Sandbox[],
): Promise<readonly string[]> {
  const bridge = bridgeOf(places.name);
  const namespaces = namesIn("/run/netns").filter(
    (name) => name.startsWith(bridge) || sandboxes.some(({ namespace }) => namespace === name),
  );
  return [
    ...processes(places, bridge),
    ...mounts(places, namespaces),
    ...namespaces.map((name) => `network namespace ${name}`),
    ...namesIn("/sys/class/net")
      .filter((name) => name.startsWith(bridge))
      .map((name) => `device ${name}`),
    ...(await matching("route", "ip", ["route", "show", "table", "all"], (line) => line.includes(bridge))),
    ...(await matching("nftables", "nft", ["list", "tables"], (line) => line.includes(bridge))),
    ...namesIn("/var/lib/cni/results")
      .filter((name) => sandboxes.some(({ id }) => name.includes(id)))
      .map((name) => `network result ${name}`),
    ...sandboxes.flatMap(({ socket }) =>
      socket !== undefined && existsSync(socket) ? [`socket ${socket}`] : [],
    ),
    ...namesIn("/run/containerd/runc/k8s.io")
      .filter((id) => sandboxes.some((sandbox) => sandbox.id === id))
      .map((id) => `container state ${id}`),
    ...cgroups(places.name).map((path) => `cgroup ${path}`),
    ...[places.dir, places.run].filter(existsSync).map((path) => `folder ${path}`),
  ];
}

/** Routes and rules that are nobody's by name: they are compared before and after. */
export const unreachableRoutes = async (): Promise<readonly string[]> =>
  matching("route", "ip", ["route", "show", "type", "unreachable"], Boolean);

/** A pod's sandbox or one of its containers, as containerd has it on record. */
export interface Sandbox {
  readonly id: string;
  /** Where its shim listens. */
  readonly socket: string | undefined;
  /** Network namespace. */
  readonly namespace: string | undefined;
}

export const sandboxesOf = ({ run }: ClusterPlaces): readonly Sandbox[] =>
  namesIn(run).flatMap((node) => {
    const tasks = join(run, node, "containerd/io.containerd.runtime.v2.task/k8s.io");
    return namesIn(tasks).map((id) => ({
      id,
      socket: /unix:\/\/(\S+)/.exec(read(join(tasks, id, "address")))?.[1],
      namespace: /cni-[0-9a-f-]{36}/.exec(read(join(tasks, id, "config.json")))?.[0],
    }));
  });

/** By what they were started with, by what holds them, and by where they are. */
function processes({ name, dir, run }: ClusterPlaces, bridge: string): string[] {
  const signs = [`${dir}/`, `${run}/`, `\0--name\0${name}\0`, bridge];
  const groups = `/k8ts/${name}/`;
  return namesIn("/proc").flatMap((pid) => {
    if (!/^[0-9]+$/.test(pid) || Number(pid) === process.pid) return [];
    const words = read(`/proc/${pid}/cmdline`);
    // Ended, and only its parent has not asked for its exit code yet.
    if (words === "") return [];
    const isOurs =
      signs.some((sign) => words.includes(sign)) ||
      read(`/proc/${pid}/cgroup`).includes(groups) ||
      link(`/proc/${pid}/cwd`).startsWith(`${run}/`);
    return isOurs ? [`process ${pid} ${words.replaceAll("\0", " ").trim()}`] : [];
  });
}

const mounts = ({ dir, run }: ClusterPlaces, namespaces: readonly string[]): string[] =>
  read("/proc/self/mounts")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter(
      (path) =>
        path.startsWith(`${dir}/`) ||
        path.startsWith(`${run}/`) ||
        namespaces.some((name) => path === `/run/netns/${name}`),
    )
    .map((path) => `mount ${path}`);

/** On version 1 every controller has a tree of its own. */
const cgroups = (name: string): string[] =>
  ["", ...namesIn(CGROUPS)].map((tree) => join(CGROUPS, tree, "k8ts", name)).filter(existsSync);

async function matching(
  what: string,
  program: string,
  args: readonly string[],
  wanted: (line: string) => boolean,
): Promise<string[]> {
  const lines = (await output(program, args)).split("\n").filter((line) => line !== "" && wanted(line));
  return lines.map((line) => `${what} ${line.trim()}`);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function link(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return "";
  }
}
