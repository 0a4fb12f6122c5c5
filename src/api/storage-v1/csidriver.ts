import { ageColumn, flag, nameColumn, NONE, text, UNSET } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, int64, list, type Of, resource, string, struct } from "#machinery/schema";

export const TokenRequest = struct("storage.v1.TokenRequest", {
  audience: string(1).required().doc("Whom the token is meant for."),
  expirationSeconds: int64(2).pointer().doc("How long the token lives, in seconds."),
});
export interface TokenRequest extends Of<typeof TokenRequest> {}

export const CSIDriverSpec = struct("storage.v1.CSIDriverSpec", {
  attachRequired: bool(1).pointer().default(true).doc("Volumes must be attached to their node first."),
  podInfoOnMount: bool(2).pointer().default(false).doc("The driver is told which pod a mount is for."),
  volumeLifecycleModes: list(3, string).default(["Persistent"]).set().doc("Persistent, Ephemeral or both."),
  storageCapacity: bool(4)
    .pointer()
    .default(false)
    .doc("The scheduler looks at the capacity that the driver publishes."),
  fsGroupPolicy: string(5)
    .pointer()
    .default("ReadWriteOnceWithFSType")
    .doc("ReadWriteOnceWithFSType, File or None: whether files get the pod's group."),
  tokenRequests: list(6, TokenRequest)
    .atomic()
    .doc("Tokens of the pod's service account that the driver gets."),
  requiresRepublish: bool(7)
    .pointer()
    .default(false)
    .doc("The driver is called again from time to time for mounts that stand."),
  seLinuxMount: bool(8)
    .pointer()
    .gate("SELinuxMountReadWriteOncePod")
    .doc("Volumes can be mounted with an SELinux context."),
  nodeAllocatableUpdatePeriodSeconds: int64(9)
    .pointer()
    .gate("MutableCSINodeAllocatableCount")
    .doc("How often the node asks how many volumes it can take, in seconds."),
  serviceAccountTokenInSecrets: bool(10)
    .pointer()
    .gate("CSIServiceAccountTokenSecrets")
    .doc("Tokens go to the driver with its secrets."),
});
export interface CSIDriverSpec extends Of<typeof CSIDriverSpec> {}

export const CSIDriver = resource({
  apiVersion: "storage.k8s.io/v1",
  kind: "CSIDriver",
  doc: "What the cluster must know about a CSI driver.",
  plural: "csidrivers",
  namespaced: false,
  metadata: ObjectMeta,
  spec: CSIDriverSpec,
  specRequired: true,
  unconditionalUpdate: false,

  columns: [
    nameColumn,
    flag("AttachRequired", ({ spec }) => spec.attachRequired),
    flag("PodInfoOnMount", ({ spec }) => spec.podInfoOnMount),
    flag("StorageCapacity", ({ spec }) => spec.storageCapacity),
    text(
      "TokenRequests",
      ({ spec }) =>
        (spec.tokenRequests ?? []).map(({ audience }: TokenRequest) => audience).join(",") || UNSET,
    ),
    flag("RequiresRepublish", ({ spec }) => spec.requiresRepublish),
    text("Modes", ({ spec }) => (spec.volumeLifecycleModes ?? []).join(",") || NONE),
    ageColumn,
  ],
});
export interface CSIDriver extends Of<typeof CSIDriver> {}
