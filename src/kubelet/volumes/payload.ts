/** The files of volumes that are made of API objects. */
import type { ConfigMap } from "#api/core-v1/configmap";
import type { Pod } from "#api/core-v1/pod";
import type { Secret } from "#api/core-v1/secret";
import type { ReferencedData } from "../container/environment.ts";
import { fieldValue, type PodFacts, resourceValue } from "../container/field-values.ts";
import type { Volume } from "../pod/spec.ts";
import type { PayloadFile } from "./atomic-writer.ts";

type Projected = NonNullable<Volume["projected"]>;
type DownwardFile = NonNullable<NonNullable<Volume["downwardAPI"]>["items"]>[number];
type KeyToPath = { readonly key: string; readonly path: string; readonly mode?: number };
type TokenProjection = NonNullable<NonNullable<Projected["sources"]>[number]["serviceAccountToken"]>;

export interface PayloadSources extends ReferencedData {
  readonly facts: PodFacts;
  /** A token for the pod's service account; asked for again, it may be a newer one. */
  token(projection: TokenProjection): Promise<string>;
}

const MODE_DEFAULT = 0o644;

/** The files of the volume; undefined for volumes of other kinds. */
export async function payloadOf(
  pod: Pod,
  volume: Volume,
  sources: PayloadSources,
): Promise<ReadonlyMap<string, PayloadFile> | undefined> {
  const files = new Map<string, PayloadFile>();
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) {
    const found = await sources.configMap(configMap.name ?? "");
    addConfigMap(files, pod, configMap, found, configMap.defaultMode ?? MODE_DEFAULT);
  } else if (secret) {
    const wanted = { ...secret, name: secret.secretName ?? "" };
    addSecret(files, pod, wanted, await sources.secret(wanted.name), secret.defaultMode ?? MODE_DEFAULT);
  } else if (downwardAPI) {
    addFields(files, pod, downwardAPI.items ?? [], sources.facts, downwardAPI.defaultMode ?? MODE_DEFAULT);
  } else if (projected) {
    await addProjected(files, pod, projected, sources);
  } else {
    return undefined;
  }
  return files;
}

async function addProjected(
  files: Map<string, PayloadFile>,
  pod: Pod,
  { sources: parts = [], defaultMode = MODE_DEFAULT }: Projected,
  sources: PayloadSources,
): Promise<void> {
  for (const part of parts ?? []) {
    const { configMap, secret, downwardAPI, serviceAccountToken } = part;
    if (configMap)
      addConfigMap(files, pod, configMap, await sources.configMap(configMap.name ?? ""), defaultMode);
    if (secret) addSecret(files, pod, secret, await sources.secret(secret.name ?? ""), defaultMode);
    if (downwardAPI) addFields(files, pod, downwardAPI.items ?? [], sources.facts, defaultMode);
    if (serviceAccountToken) {
      const bytes = utf8(await sources.token(serviceAccountToken));
      files.set(cleanPath(serviceAccountToken.path), { bytes, ...tokenAccess(pod, defaultMode) });
    }
    if (part.clusterTrustBundle) throw new Error("projection of cluster trust bundles is not supported");
    if (part.podCertificate) throw new Error("projection of pod certificates is not supported");
  }
}

/** Only the pod's own user reads its token, where there is just one user. */
function tokenAccess({ spec }: Pod, defaultMode: number): Omit<PayloadFile, "bytes"> {
  const { fsGroup, runAsUser } = spec.securityContext ?? {};
  if (fsGroup !== undefined) return { mode: 0o600 };
  const users = new Set(
    [...spec.containers, ...(spec.initContainers ?? [])].map(
      ({ securityContext }) => securityContext?.runAsUser ?? runAsUser,
    ),
  );
  const [user] = users;
  return users.size === 1 && user !== undefined ? { mode: 0o600, uid: Number(user) } : { mode: defaultMode };
}

interface KeyedSource {
  readonly name?: string;
  readonly items?: readonly KeyToPath[];
  readonly optional?: boolean;
}

function addConfigMap(
  files: Map<string, PayloadFile>,
  { metadata }: Pod,
  source: KeyedSource,
  found: ConfigMap | undefined,
  mode: number,
): void {
  if (!found) {
    if (source.optional) return;
    throw new Error(`configmap "${source.name}" not found`);
  }
  const data = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(found.data ?? {})) data.set(key, utf8(text));
  for (const [key, base64] of Object.entries(found.binaryData ?? {}))
    data.set(key, Buffer.from(base64, "base64"));
  addKeys(files, data, source, mode, `configmap ${metadata.namespace}/${source.name}`);
}

function addSecret(
  files: Map<string, PayloadFile>,
  { metadata }: Pod,
  source: KeyedSource,
  found: Secret | undefined,
  mode: number,
): void {
  if (!found) {
    if (source.optional) return;
    throw new Error(`secret "${source.name}" not found`);
  }
  const data = new Map(
    Object.entries(found.data ?? {}).map(([key, base64]) => [key, Buffer.from(base64, "base64")]),
  );
  addKeys(files, data, source, mode, `secret ${metadata.namespace}/${source.name}`);
}

/** All keys, or those that `items` names, each at its path. */
function addKeys(
  files: Map<string, PayloadFile>,
  data: ReadonlyMap<string, Uint8Array>,
  { items = [], optional }: KeyedSource,
  defaultMode: number,
  what: string,
): void {
  if (items.length === 0) {
    for (const [key, bytes] of data) files.set(key, { bytes, mode: defaultMode });
    return;
  }
  for (const { key, path, mode = defaultMode } of items) {
    const bytes = data.get(key);
    if (bytes) files.set(cleanPath(path), { bytes, mode });
    else if (!optional) throw new Error(`references non-existent ${what.split(" ")[0]} key: ${key}`);
  }
}

function addFields(
  files: Map<string, PayloadFile>,
  pod: Pod,
  items: readonly DownwardFile[],
  facts: PodFacts,
  defaultMode: number,
): void {
  for (const { path, fieldRef, resourceFieldRef, mode = defaultMode } of items) {
    let text: string | undefined;
    if (fieldRef) text = fieldValue(pod, facts, fieldRef.fieldPath);
    if (resourceFieldRef) {
      const { containerName } = resourceFieldRef;
      const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
      const container = containers.find(({ name }) => name === containerName);
      if (!container) throw new Error(`container ${containerName} not found`);
      text = resourceValue(container, facts, resourceFieldRef);
    }
    if (text === undefined)
      throw new Error(`unsupported field: ${fieldRef?.fieldPath ?? resourceFieldRef?.resource}`);
    files.set(cleanPath(path), { bytes: utf8(text), mode });
  }
}

/** Relative, and inside the volume. The API refuses others; here it guards the node. */
function cleanPath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (path.startsWith("/") || parts.length === 0 || parts.some((part) => part === ".."))
    throw new Error(`invalid path ${path} in a volume`);
  return parts.join("/");
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
