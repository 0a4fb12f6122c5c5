import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { bridgeOf } from "#network/machine/fabric";
import type { ClusterPlaces } from "#cluster/places";
import { output } from "./run.ts";

const CGROUPS = "/sys/fs/cgroup";

/** Whatever of a cluster can be seen on this machine, a line for each thing. Other clusters of the machine do not count. */
export async function traces(
  places: ClusterPlaces,
  sandboxes: readonly string[],
): Promise<readonly string[]> {
  const bridge = bridgeOf(places.name);
  const namespaces = namesIn("/run/netns").filter(
    (name) => name.startsWith(bridge) || sandboxes.includes(name),
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
    ...cgroups(places.name).map((path) => `cgroup ${path}`),
    ...[places.dir, places.run].filter(existsSync).map((path) => `folder ${path}`),
  ];
}

/** Routes and rules that are nobody's by name: they are compared before and after. */
export const unreachableRoutes = async (): Promise<readonly string[]> =>
  matching("route", "ip", ["route", "show", "type", "unreachable"], Boolean);

/** Network namespaces of the cluster's pods, as containerd has them on record. */
export function sandboxNamespaces({ run }: ClusterPlaces): readonly string[] {
  const configs = namesIn(run).flatMap((node) => {
    const tasks = join(run, node, "containerd/io.containerd.runtime.v2.task/k8s.io");
    return namesIn(tasks).map((id) => join(tasks, id, "config.json"));
  });
  const texts = configs.filter(existsSync).map((file) => readFileSync(file, "utf8"));
  return [...new Set(texts.flatMap((text) => text.match(/cni-[0-9a-f-]{36}/g) ?? []))];
}

/** By what they were started with, by what holds them, and by where they are. */
function processes({ name, dir, run }: ClusterPlaces, bridge: string): string[] {
  const signs = [`${dir}/`, `${run}/`, `\0--name\0${name}\0`, bridge];
  const groups = `/k8ts/${name}/`;
  return namesIn("/proc").flatMap((pid) => {
    if (!/^[0-9]+$/.test(pid) || Number(pid) === process.pid) return [];
    const words = read(`/proc/${pid}/cmdline`);
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
