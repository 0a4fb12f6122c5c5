import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "#api/core-v1/pod";
import { quantityValue } from "#machinery/quantity";
import { type Directories, podLogDir, volumeDir } from "../pod/directories.ts";
import { atShortPath } from "../volumes/descriptors.ts";

/** Does the pod have limits on what it may keep on the node's disk? */
export const limitsStorage = ({ spec }: Pod): boolean =>
  (spec.volumes ?? []).some(
    ({ emptyDir }) => emptyDir?.sizeLimit !== undefined && emptyDir.medium !== "Memory",
  ) || spec.containers.some(({ resources }) => resources?.limits?.["ephemeral-storage"] !== undefined);

/** What the pod has too much of, in words; undefined when it keeps its limits. `layerBytes`: by container name. */
export async function exceededLimit(
  pod: Pod,
  dirs: Directories,
  layerBytes: ReadonlyMap<string, number>,
): Promise<string | undefined> {
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    if (emptyDir?.sizeLimit === undefined || emptyDir.medium === "Memory") continue;
    const path = volumeDir(dirs, pod.metadata.uid, "kubernetes.io~empty-dir", name);
    if ((await usedBytes(path)) > quantityValue(emptyDir.sizeLimit))
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${emptyDir.sizeLimit}". `;
  }
  for (const { name, resources } of pod.spec.containers) {
    const limit = resources?.limits?.["ephemeral-storage"];
    if (limit === undefined) continue;
    const logs = await usedBytes(join(podLogDir(dirs, pod), name));
    if ((layerBytes.get(name) ?? 0) + logs > quantityValue(limit))
      return `Container ${name} exceeded its local ephemeral storage limit "${limit}". `;
  }
  return undefined;
}

/** Disk space below the path; what cannot be read counts nothing. */
export async function usedBytes(path: string): Promise<number> {
  const own = await lstat(path).catch(() => undefined);
  if (!own) return 0;
  const bytes = own.blocks * 512;
  return own.isDirectory() ? bytes + (await atShortPath(path, usedInside).catch(() => 0)) : bytes;
}

async function usedInside(path: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(path)) bytes += await usedBytes(join(path, name));
  return bytes;
}
