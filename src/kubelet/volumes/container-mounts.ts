import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "#api/core-v1/pod";
import { logger } from "#base/log";
import type { Wire } from "#machinery/schema";
import { ConfigError } from "../container/environment.ts";
import { TERMINATION_MESSAGE_PATH, terminationLogPath } from "../container/container-config.ts";
import { expand } from "../container/expansion.ts";
import { type Mount, MountPropagation } from "../cri/container.ts";
import { containerDir, type Directories, hostsFilePath, subPathTarget } from "../pod/directories.ts";
import type { Container, VolumeMount } from "../pod/spec.ts";
import { mountSubPath, SubPathError } from "./sub-path.ts";

const log = logger("container-mounts");

export interface MountSources {
  readonly dirs: Directories;
  readonly restartCount: number;
  readonly environment: ReadonlyMap<string, string>;
  pathOf(volume: string): string | undefined;
}

/** What is mounted into a container: its volumes, the pod's hosts file and the file for its last words. */
export async function containerMounts(
  pod: Pod,
  container: Container,
  sources: MountSources,
): Promise<readonly Wire<Mount>[]> {
  const volumes = await Promise.all(
    (container.volumeMounts ?? []).map((mount, index) =>
      volumeMount(mount, pod, sources, { container: container.name, index }),
    ),
  );
  if ((container.volumeDevices ?? []).length > 0)
    throw new ConfigError("raw block devices are not supported by this node");
  const taken = new Set(volumes.map((mount) => mount.containerPath));
  const hosts = { containerPath: "/etc/hosts", hostPath: hostsFilePath(sources.dirs, pod.metadata.uid) };
  const message = await terminationLog(pod, container, sources);
  return [...volumes, ...[hosts, message].filter((mount) => !taken.has(mount.containerPath))];
}

async function volumeMount(
  mount: VolumeMount,
  pod: Pod,
  sources: MountSources,
  place: { readonly container: string; readonly index: number },
): Promise<Wire<Mount>> {
  const { name, readOnly = false, subPath, subPathExpr, mountPath, mountPropagation } = mount;
  const volumePath = sources.pathOf(name);
  if (!volumePath) throw new ConfigError(`cannot find volume "${name}" to mount into container`);
  const part = subPathExpr ? expandSubPath(subPathExpr, sources.environment) : subPath;
  const target = subPathTarget(sources.dirs, pod.metadata.uid, { volume: name, ...place });
  if (part) await prepareSubPath(volumePath, part, target, `"${name}" of container "${place.container}"`);
  if (mount.recursiveReadOnly === "Enabled")
    throw new ConfigError("recursive read-only mounts are not supported");
  return {
    containerPath: mountPath.startsWith("/") ? mountPath : `/${mountPath}`,
    hostPath: part ? target : volumePath,
    readonly: readOnly || isReadOnlyVolume(pod, name),
    propagation: propagationOf(mountPropagation),
  };
}

async function prepareSubPath(volumePath: string, part: string, target: string, what: string): Promise<void> {
  try {
    await mountSubPath(volumePath, part, target);
  } catch (cause) {
    // Other errors would show paths of the host.
    const why = cause instanceof SubPathError ? `: ${cause.message}` : "";
    log.warn("a part of a volume could not be prepared", { target, part, error: cause });
    throw new ConfigError(`failed to prepare subPath for volumeMount ${what}${why}`, { cause });
  }
}

function expandSubPath(text: string, environment: ReadonlyMap<string, string>): string {
  return expand(text, (name) => {
    const value = environment.get(name);
    if (value === undefined) throw new ConfigError(`missing value for "${name}"`);
    return value;
  });
}

/** What the kubelet writes there, containers may not. */
function isReadOnlyVolume({ spec }: Pod, name: string): boolean {
  const volume = (spec.volumes ?? []).find((one) => one.name === name);
  if (!volume) return false;
  const { configMap, secret, downwardAPI, projected, persistentVolumeClaim } = volume;
  return Boolean(configMap ?? secret ?? downwardAPI ?? projected) || persistentVolumeClaim?.readOnly === true;
}

function propagationOf(propagation: string | undefined): number {
  if (propagation === "HostToContainer") return MountPropagation.hostToContainer;
  return propagation === "Bidirectional" ? MountPropagation.bidirectional : MountPropagation.private;
}

async function terminationLog(
  { metadata }: Pod,
  { name, terminationMessagePath = TERMINATION_MESSAGE_PATH }: Container,
  { dirs, restartCount }: MountSources,
): Promise<Wire<Mount> & { readonly containerPath: string }> {
  const dir = containerDir(dirs, metadata.uid, name);
  await mkdir(dir, { recursive: true });
  const hostPath = terminationLogPath(dir, restartCount);
  // Any user inside may leave a message.
  await writeFile(hostPath, "");
  await chmod(hostPath, 0o666);
  return { containerPath: join("/", terminationMessagePath), hostPath };
}
