import { chmod, mkdir, readdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { PersistentVolume } from "#api/core-v1/persistentvolume";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import type { Pod } from "#api/core-v1/pod";
import type { Clock } from "#base/clock";
import { type Random, nameSuffix } from "#base/random";
import type { Client } from "#client/client";
import { quantityValue } from "#machinery/quantity";
import type { PodFacts } from "../container/field-values.ts";
import { type Directories, podDir, SUB_PATHS, volumeDir, VOLUMES } from "../pod/directories.ts";
import type { Volume } from "../pod/spec.ts";
import { writeAtomically } from "./atomic-writer.ts";
import { checkHostPath } from "./host-path.ts";
import { mountTmpfs, unmount } from "./mount-syscall.ts";
import { mountsBelow } from "./mounts-below.ts";
import { belongsToGroup, giveToGroup } from "./ownership.ts";
import { payloadOf } from "./payload.ts";
import type { PodReferences } from "./references.ts";
import { removeTree } from "./remove-tree.ts";
import { PodTokens } from "./tokens.ts";

/** One of the pod's volumes could not be set up. */
export class VolumeError extends Error {
  override readonly name = "VolumeError";
  readonly volume: string;

  constructor(volume: string, cause: unknown) {
    const text = cause instanceof Error ? cause.message : String(cause);
    super(`MountVolume.SetUp failed for volume "${volume}" : ${text}`, { cause });
    this.volume = volume;
  }
}

export interface PodVolumesOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly dirs: Directories;
  readonly references: PodReferences;
}

/** The volumes of one pod on this node: made, kept up to date, and taken away. */
export class PodVolumes {
  readonly #options: PodVolumesOptions;
  readonly #tokens: PodTokens;
  readonly #paths = new Map<string, string>();
  #working: Promise<unknown> = Promise.resolve();

  constructor(pod: Pod, options: PodVolumesOptions) {
    this.#options = options;
    this.#tokens = new PodTokens(options.client, options.clock, pod);
  }

  /** When a token in them must be replaced; epoch milliseconds. */
  get refreshAtMs(): number | undefined {
    return this.#tokens.refreshAtMs;
  }

  /** The host path of a volume that `prepare` has made. */
  pathOf(volume: string): string | undefined {
    return this.#paths.get(volume);
  }

  /** Makes all of them, also those that a kubelet before this one had begun. Throws a VolumeError. */
  prepare(pod: Pod, facts: PodFacts): Promise<void> {
    return this.#inTurn(async () => {
      await mkdir(podDir(this.#options.dirs, pod.metadata.uid), { recursive: true, mode: 0o750 });
      await this.#each(pod, async (volume) => {
        this.#paths.set(volume.name, await this.#setUp(pod, volume, facts));
      });
    });
  }

  /** Brings the contents of config maps, secrets, tokens and fields up to date. */
  refresh(pod: Pod, facts: PodFacts): Promise<void> {
    return this.#inTurn(() =>
      this.#each(pod, async (volume) => {
        const path = this.#paths.get(volume.name);
        if (path) await this.#writePayload(pod, volume, path, facts);
      }),
    );
  }

  /** Resolves when nothing is being changed. */
  async settled(): Promise<void> {
    await this.#working;
  }

  /** One change at a time: two writers of a volume would trip over each other. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#working.then(work);
    this.#working = done.catch(() => undefined);
    return done;
  }

  async #each({ spec }: Pod, work: (volume: Volume) => Promise<void>): Promise<void> {
    await Promise.all(
      (spec.volumes ?? []).map((volume) =>
        work(volume).catch((cause: unknown) => {
          throw new VolumeError(volume.name, cause);
        }),
      ),
    );
  }

  async #setUp(pod: Pod, volume: Volume, facts: PodFacts): Promise<string> {
    if (volume.emptyDir) return this.#emptyDir(pod, volume.name, volume.emptyDir);
    if (volume.hostPath) {
      await checkHostPath(volume.hostPath.path, volume.hostPath.type);
      return volume.hostPath.path;
    }
    if (volume.persistentVolumeClaim) return this.#claimed(pod, volume.persistentVolumeClaim.claimName);
    if (volume.ephemeral) return this.#claimed(pod, `${pod.metadata.name}-${volume.name}`);
    const plugin = pluginOf(volume);
    if (!plugin) throw new Error(`volume source ${sourceName(volume)} is not supported by this node`);
    const path = volumeDir(this.#options.dirs, pod.metadata.uid, plugin, volume.name);
    await mkdir(path, { recursive: true });
    // Secrets stay in memory and never reach a disk.
    if (volume.secret || volume.projected) await ensureTmpfs(path, 0);
    await chmod(path, 0o755);
    await this.#writePayload(pod, volume, path, facts);
    return path;
  }

  async #writePayload(pod: Pod, volume: Volume, path: string, facts: PodFacts): Promise<void> {
    const { references, random } = this.#options;
    const payload = await payloadOf(pod, volume, {
      facts,
      configMap: (name) => references.configMap(name),
      secret: (name) => references.secret(name),
      token: (projection) => this.#tokens.get(projection),
    });
    if (!payload) return;
    const fsGroup = pod.spec.securityContext?.fsGroup;
    await writeAtomically(path, payload, `..${nameSuffix(random, 16)}`, fsGroup);
  }

  async #emptyDir(pod: Pod, name: string, source: NonNullable<Volume["emptyDir"]>): Promise<string> {
    const path = volumeDir(this.#options.dirs, pod.metadata.uid, "kubernetes.io~empty-dir", name);
    const { medium = "", sizeLimit } = source;
    if (medium !== "" && medium !== "Memory") throw new Error(`emptyDir medium ${medium} is not supported`);
    const isNew = (await mkdir(path, { recursive: true })) !== undefined;
    if (medium === "Memory") await ensureTmpfs(path, sizeLimit === undefined ? 0 : quantityValue(sizeLimit));
    const fsGroup = pod.spec.securityContext?.fsGroup;
    if (isNew) await chmod(path, 0o777);
    if (fsGroup !== undefined && !(await belongsToGroup(path, Number(fsGroup))))
      await giveToGroup(path, Number(fsGroup));
    return path;
  }

  /** The directory behind a claim, where its volume is one on this node's own disks. */
  async #claimed({ metadata, spec }: Pod, claimName: string): Promise<string> {
    const { client } = this.#options;
    const at = { namespace: metadata.namespace, name: claimName };
    const claim = await client.get(PersistentVolumeClaim, at);
    const volumeName = claim.spec.volumeName;
    if (claim.status.phase !== "Bound" || !volumeName)
      throw new Error(`PVC ${metadata.namespace}/${claimName} is not bound`);
    const volume = await client.get(PersistentVolume, { name: volumeName });
    const { hostPath, local } = volume.spec;
    if (hostPath) await checkHostPath(hostPath.path, hostPath.type);
    const path = hostPath?.path ?? local?.path;
    if (!path)
      throw new Error(`persistent volume ${volumeName} is of a kind that this node does not support`);
    if (claim.spec.volumeMode === "Block")
      throw new Error(`persistent volume ${volumeName} is a block device`);
    const { fsGroup, fsGroupChangePolicy } = spec.securityContext ?? {};
    // Large volumes take long: who asks for it trusts that what is inside is as their root is.
    const trustsRoot = fsGroupChangePolicy === "OnRootMismatch";
    if (local && fsGroup !== undefined && !(trustsRoot && (await belongsToGroup(path, Number(fsGroup)))))
      await giveToGroup(path, Number(fsGroup));
    return path;
  }
}

function pluginOf({ configMap, secret, downwardAPI, projected }: Volume): string | undefined {
  if (configMap) return "kubernetes.io~configmap";
  if (secret) return "kubernetes.io~secret";
  if (downwardAPI) return "kubernetes.io~downward-api";
  return projected ? "kubernetes.io~projected" : undefined;
}

const sourceName = ({ name: _name, ...sources }: Volume): string => Object.keys(sources)[0] ?? "of no kind";

const TMPFS_MAGIC = 0x01021994;

async function ensureTmpfs(path: string, sizeBytes: number): Promise<void> {
  const outer = await statfs(join(path, ".."));
  const inner = await statfs(path);
  // Where the kubelet's root is itself a tmpfs, a mount of our own shows by its different size or inodes.
  const mounted =
    inner.type === TMPFS_MAGIC &&
    (outer.type !== TMPFS_MAGIC || inner.ffree !== outer.ffree || inner.bavail !== outer.bavail);
  if (!mounted) mountTmpfs(path, sizeBytes);
}

/** Takes away a pod's volumes and its whole directory; nothing of the pod may run any more. */
export async function removePodDir(dirs: Directories, uid: string): Promise<void> {
  const dir = podDir(dirs, uid);
  const names: readonly string[] = await readdir(dir).catch(() => []);
  const mounts = async () => (names.includes(VOLUMES) || names.includes(SUB_PATHS) ? mountsBelow(dir) : []);
  for (const path of await mounts()) unmount(path);
  const left = await mounts();
  // What is mounted is not ours to delete.
  if (left.length > 0) throw new Error(`still mounted: ${left.join(", ")}`);
  await removeTree(dir);
}
