import { distinct, unchanged } from "#api/checks";
import { ageColumn, flag, nameColumn, NONE, text, UNSET } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  bool,
  type FieldProblem,
  int64,
  invalid,
  item,
  list,
  notSupported,
  type Of,
  resource,
  string,
  struct,
} from "#machinery/schema";
import { driverName } from "./driver-name.ts";

const TOKEN_SECONDS_MIN = 600;
const TOKEN_SECONDS_MAX = 2 ** 32;
const UPDATE_SECONDS_MIN = 10;
const LIFECYCLE_MODES = ["Ephemeral", "Persistent"];

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
    .oneOf("ReadWriteOnceWithFSType", "File", "None")
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
  rules: {
    *validate({ metadata, spec }) {
      if (metadata.name !== "") yield* driverName("metadata.name", metadata.name);
      yield* problemsOfSpec(spec);
    },
    *validateUpdate({ spec }, { spec: old }) {
      // The path is spelled so by the API.
      yield* unchanged("spec.attachedRequired", spec.attachRequired, old.attachRequired);
      yield* unchanged("spec.volumeLifecycleModes", spec.volumeLifecycleModes, old.volumeLifecycleModes);
    },
  },
});

function* problemsOfSpec({
  volumeLifecycleModes,
  tokenRequests = [],
  nodeAllocatableUpdatePeriodSeconds: period,
}: CSIDriverSpec): Iterable<FieldProblem> {
  for (const [index, mode] of volumeLifecycleModes.entries())
    if (!LIFECYCLE_MODES.includes(mode))
      yield notSupported(item("spec.volumeLifecycleModes", index), mode, LIFECYCLE_MODES);
  yield* distinct("spec.tokenRequests", tokenRequests, ({ audience }) => audience, "audience");
  for (const [index, { expirationSeconds }] of tokenRequests.entries())
    yield* problemsOfExpiry(`${item("spec.tokenRequests", index)}.expirationSeconds`, expirationSeconds);
  if (period !== undefined && period < UPDATE_SECONDS_MIN)
    yield invalid(
      "spec.nodeAllocatableUpdatePeriodSeconds",
      period,
      `must be greater than or equal to ${UPDATE_SECONDS_MIN} seconds`,
    );
}

function* problemsOfExpiry(path: string, seconds: number | undefined): Iterable<FieldProblem> {
  if (seconds === undefined) return;
  if (seconds < TOKEN_SECONDS_MIN)
    yield invalid(path, seconds, "may not specify a duration less than 10 minutes");
  if (seconds > TOKEN_SECONDS_MAX)
    yield invalid(path, seconds, "may not specify a duration larger than 2^32 seconds");
}

export interface CSIDriver extends Of<typeof CSIDriver> {}
