/** Where a kubelet keeps what belongs to a pod. */
import { join } from "node:path";
import type { Pod } from "#api/core-v1/pod";

export interface Directories {
  /** The kubelet's own root, as `/var/lib/kubelet`. */
  readonly root: string;
  /** Of all pods' logs, as `/var/log/pods`. */
  readonly logs: string;
}

/** Directories below a pod's own in which something may be mounted. */
export const VOLUMES = "volumes";
export const SUB_PATHS = "volume-subpaths";

export const podsDir = ({ root }: Directories): string => join(root, "pods");
export const podDir = (dirs: Directories, uid: string): string => join(podsDir(dirs), uid);
export const hostsFilePath = (dirs: Directories, uid: string): string => join(podDir(dirs, uid), "etc-hosts");
export const containerDir = (dirs: Directories, uid: string, container: string): string =>
  join(podDir(dirs, uid), "containers", container);
/** `plugin` is the volume's kind with `~` for `/`: `kubernetes.io~empty-dir`. */
export const volumeDir = (dirs: Directories, uid: string, plugin: string, volume: string): string =>
  join(podDir(dirs, uid), VOLUMES, plugin, volume);
/** What a container mounts of a volume with a `subPath`; `index` counts its volume mounts. */
export const subPathTarget = (
  dirs: Directories,
  uid: string,
  mount: { readonly volume: string; readonly container: string; readonly index: number },
): string => join(podDir(dirs, uid), SUB_PATHS, mount.volume, mount.container, String(mount.index));

/** `namespace_name_uid`, below the directory of all logs. */
export const podLogDir = ({ logs }: Directories, { metadata }: Pod): string =>
  join(logs, `${metadata.namespace}_${metadata.name}_${metadata.uid}`);

/** Relative to the pod's log directory. */
export const containerLogPath = (container: string, restartCount: number): string =>
  join(container, `${restartCount}.log`);
