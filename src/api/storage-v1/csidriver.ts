import { ageColumn, flag, nameColumn, NONE, text, UNSET } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, int64, list, type Of, resource, string, struct } from "#machinery/schema";

export const TokenRequest = struct("storage.v1.TokenRequest", {
  audience: string(1).required(),
  expirationSeconds: int64(2).pointer(),
});
export interface TokenRequest extends Of<typeof TokenRequest> {}

export const CSIDriverSpec = struct("storage.v1.CSIDriverSpec", {
  attachRequired: bool(1).pointer().default(true),
  podInfoOnMount: bool(2).pointer().default(false),
  volumeLifecycleModes: list(3, string).default(["Persistent"]).set(),
  storageCapacity: bool(4).pointer().default(false),
  fsGroupPolicy: string(5).pointer().default("ReadWriteOnceWithFSType"),
  tokenRequests: list(6, TokenRequest).atomic(),
  requiresRepublish: bool(7).pointer().default(false),
  seLinuxMount: bool(8).pointer().gate("SELinuxMountReadWriteOncePod"),
  nodeAllocatableUpdatePeriodSeconds: int64(9).pointer().gate("MutableCSINodeAllocatableCount"),
  serviceAccountTokenInSecrets: bool(10).pointer().gate("CSIServiceAccountTokenSecrets"),
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
