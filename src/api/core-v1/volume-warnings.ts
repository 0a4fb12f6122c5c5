import { at, item } from "#machinery/schema";
import { claimSpecWarnings } from "./claim-warnings.ts";
import type { Volume } from "./volume.ts";

type Warnings = Iterable<string>;

const OUTDATED_VOLUMES = {
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  gitRepo: "deprecated in v1.11, and disabled by default in v1.33+",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  flocker: "deprecated in v1.22, non-functional in v1.25+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
  quobyte: "deprecated in v1.22, non-functional in v1.25+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
} as const satisfies Partial<Record<keyof Volume, string>>;

/** The sources that volumes of pods and of the cluster have in common and that no node serves any more. */
export function* outdatedVolumeWarnings(
  source: { readonly [Name in keyof typeof OUTDATED_VOLUMES]?: object },
  path: string,
): Warnings {
  for (const [name, text] of Object.entries(OUTDATED_VOLUMES) as [keyof typeof OUTDATED_VOLUMES, string][])
    if (source[name]) yield `${at(path, name === "storageos" ? "storageOS" : name)}: ${text}`;
}

/** Of one volume of a pod. */
export function* volumeWarnings(volume: Volume, path: string): Warnings {
  yield* outdatedVolumeWarnings(volume, path);
  const template = volume.ephemeral?.volumeClaimTemplate;
  if (template) yield* claimSpecWarnings(template.spec, at(path, "ephemeral.volumeClaimTemplate.spec"));
}

/** A file that is in the way of a token. */
export function* tokenPathWarnings(volumes: readonly Volume[], path: string): Warnings {
  const tokens = new Set<string>();
  for (const { projected } of volumes)
    for (const { serviceAccountToken } of projected?.sources ?? [])
      if (serviceAccountToken) tokens.add(serviceAccountToken.path);
  if (tokens.size === 0) return;
  for (const [index, { projected }] of volumes.entries()) {
    const sources = at(item(path, index), "projected.sources");
    for (const { configMap, secret, downwardAPI, clusterTrustBundle } of projected?.sources ?? []) {
      const files = {
        configMap: configMap?.items ?? [],
        secrets: secret?.items ?? [],
        downwardAPI: downwardAPI?.items ?? [],
      };
      for (const [name, items] of Object.entries(files))
        for (const [place, { path: file }] of items.entries())
          if (tokens.has(file)) yield `${item(at(sources, name), place)}: ${isToken(file)}`;
      if (clusterTrustBundle && tokens.has(clusterTrustBundle.path))
        yield `${at(sources, "ClusterTrustBundle")}: ${isToken(clusterTrustBundle.path)}`;
    }
  }
}

const isToken = (file: string): string => `has duplicated path with ServiceAccountToken "${file}"`;
