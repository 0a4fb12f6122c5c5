/** What several kinds of volumes must say, in pods and as volumes of the cluster alike. */
import { inRange, namedIfSet } from "#api/checks";
import { at, entry, type FieldProblem, invalid, notSupported, required } from "#machinery/schema";

type Problems = Iterable<FieldProblem>;

/** A secret by name, and by namespace where `isFar`. */
export function* secretRefProblems(
  secret: { readonly name?: string; readonly namespace?: string } | undefined,
  path: string,
  isFar = false,
): Problems {
  if (!secret) return;
  if (!secret.name) yield required(at(path, "name"));
  if (isFar && !secret.namespace) yield required(at(path, "namespace"));
}

/** As `secretRefProblems` with a namespace, both in form. */
export function* farSecretProblems(
  secret: { readonly name?: string; readonly namespace?: string } | undefined,
  path: string,
): Problems {
  yield* secretRefProblems(secret, path, true);
  yield* namedIfSet(at(path, "name"), secret?.name, "dns-subdomain");
  yield* namedIfSet(at(path, "namespace"), secret?.namespace, "dns-label");
}

/** A partition of a disk; 0 is all of it. */
export function* partitionProblems(partition: number | undefined, path: string): Problems {
  if (partition !== undefined && (partition < 0 || partition > 255))
    yield invalid(at(path, "partition"), partition, "must be between 0 and 255, inclusive");
}

interface Iscsi {
  readonly targetPortal: string;
  readonly iqn: string;
  readonly lun: number;
  readonly chapAuthDiscovery?: boolean;
  readonly chapAuthSession?: boolean;
  readonly secretRef?: object;
  readonly initiatorName?: string;
}

/** Names of both sides of iSCSI, by how they begin. */
const ISCSI_NAMES: Readonly<Record<string, RegExp>> = {
  iqn: /^iqn\.\d{4}-\d{2}\.[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[^,;*&$|\s]+)?$/,
  eui: /^eui\.[0-9a-fA-F]{16}$/,
  naa: /^naa\.[0-9a-fA-F]{32}$/,
};

function* iscsiNameProblems(name: string, path: string): Problems {
  const form = ISCSI_NAMES[name.slice(0, 3)];
  if (!form) yield invalid(path, name, "must be valid format starting with iqn, eui, or naa");
  else if (!form.test(name)) yield invalid(path, name, "must be valid format");
}

export function* iscsiProblems(iscsi: Iscsi, path: string): Problems {
  if (iscsi.iqn !== "") yield* iscsiNameProblems(iscsi.iqn, at(path, "iqn"));
  yield* inRange(at(path, "lun"), iscsi.lun, 0, 255);
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && !iscsi.secretRef)
    yield required(at(path, "secretRef"));
  if (iscsi.initiatorName !== undefined)
    yield* iscsiNameProblems(iscsi.initiatorName, at(path, "initiatorname"));
}

interface FibreChannel {
  readonly targetWWNs?: readonly string[];
  readonly wwids?: readonly string[];
  readonly lun?: number;
}

export function* fibreChannelProblems(
  { targetWWNs = [], wwids = [], lun }: FibreChannel,
  path: string,
): Problems {
  const where = at(path, "targetWWNs");
  if (targetWWNs.length === 0 && wwids.length === 0)
    yield required(where, "must specify either targetWWNs or wwids, but not both");
  if (targetWWNs.length === 0) return;
  if (wwids.length > 0)
    yield invalid(where, targetWWNs, "targetWWNs and wwids can not be specified simultaneously");
  if (lun === undefined) yield required(at(path, "lun"), "lun is required if targetWWNs is specified");
  else yield* inRange(at(path, "lun"), lun, 0, 255);
}

/** Options are the user's; names of the project are not. */
export function* flexOptionProblems(
  options: Readonly<Record<string, string>> | undefined,
  path: string,
): Problems {
  for (const key of Object.keys(options ?? {})) {
    const slash = key.indexOf("/");
    const domain = `.${(slash < 0 ? key : key.slice(0, slash)).toLowerCase()}`;
    if (domain.endsWith(".kubernetes.io") || domain.endsWith(".k8s.io"))
      yield invalid(entry(at(path, "options"), key), key, "kubernetes.io and k8s.io namespaces are reserved");
  }
}

interface StorageOs {
  readonly volumeName?: string;
  readonly volumeNamespace?: string;
}

export function* storageOsProblems({ volumeName, volumeNamespace }: StorageOs, path: string): Problems {
  if (!volumeName) yield required(at(path, "volumeName"));
  yield* namedIfSet(at(path, "volumeName"), volumeName, "dns-label");
  yield* namedIfSet(at(path, "volumeNamespace"), volumeNamespace, "dns-label");
}

const REGISTRY = "must be a host:port pair or multiple pairs separated by commas";
const TENANT_MAX = 64;

export function* quobyteProblems(
  { registry, tenant = "" }: { readonly registry: string; readonly tenant?: string },
  path: string,
): Problems {
  if (registry === "") yield required(at(path, "registry"), REGISTRY);
  else if (tenant.length > TENANT_MAX)
    yield required(
      at(path, "tenant"),
      `must be a UUID and may not exceed a length of ${TENANT_MAX} characters`,
    );
  else if (!registry.split(",").every((pair) => /^([^:[\]]*|\[[^[\]]*\]):[^:[\]]*$/.test(pair)))
    yield invalid(at(path, "registry"), registry, REGISTRY);
}

export function* flockerProblems(
  { datasetName = "", datasetUUID = "" }: { readonly datasetName?: string; readonly datasetUUID?: string },
  path: string,
): Problems {
  if (!datasetName && !datasetUUID) yield required(path, "one of datasetName and datasetUUID is required");
  if (datasetName && datasetUUID)
    yield invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously");
  if (datasetName.includes("/")) yield invalid(at(path, "datasetName"), datasetName, "must not contain '/'");
}

const MANAGED_DISKS =
  "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
const BLOB_DISKS = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";

export function* azureDiskProblems(
  { kind, diskURI }: { readonly kind: string; readonly diskURI: string },
  path: string,
): Problems {
  const isManaged = kind === "Managed";
  if (!diskURI.startsWith(isManaged ? "/subscriptions/" : "https://"))
    yield notSupported(at(path, "diskURI"), diskURI, [isManaged ? MANAGED_DISKS : BLOB_DISKS]);
}
