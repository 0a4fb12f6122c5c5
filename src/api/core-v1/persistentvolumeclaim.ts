import { ageColumn, nameColumn, text, UNSET, wide } from "#api/columns";
import { namedIfSet, own, sameValue } from "#api/checks";
import { classAnnotationWarnings, claimSpecWarnings } from "#api/core-v1/claim-warnings";
import { compareQuantities } from "#machinery/quantity";
import { TypedLocalObjectReference, TypedObjectReference } from "#api/core-v1/reference";
import { VolumeResourceRequirements } from "#api/core-v1/resources";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  at,
  type FieldProblem,
  forbidden,
  invalid,
  list,
  map,
  notSupported,
  type Of,
  quantity,
  ref,
  required,
  resource,
  string,
  struct,
  time,
  value,
} from "#machinery/schema";

export const ModifyVolumeStatus = struct("core.v1.ModifyVolumeStatus", {
  targetVolumeAttributesClassName: string(1).doc("Attributes class that is on its way."),
  status: string(2)
    .oneOf("Pending", "InProgress", "Infeasible")
    .required()
    .doc("Pending, InProgress or Infeasible."),
});
export interface ModifyVolumeStatus extends Of<typeof ModifyVolumeStatus> {}

const ACCESS_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

/** How often, and from where, a volume may be mounted. */
export function* accessModeProblems(modes: readonly string[], path: string): Iterable<FieldProblem> {
  for (const mode of modes)
    if (own(ACCESS_MODES, mode) === undefined) yield notSupported(path, mode, Object.keys(ACCESS_MODES));
  if (modes.includes("ReadWriteOncePod") && modes.length > 1)
    yield forbidden(path, "may not use ReadWriteOncePod with other access modes");
}

/** `RWO,ROX`, in a fixed order. */
export const accessModesText = (modes: readonly string[] = []): string =>
  Object.entries(ACCESS_MODES)
    .filter(([mode]) => modes.includes(mode))
    .map(([, short]) => short)
    .join(",");

export const PersistentVolumeClaimSpec = struct("core.v1.PersistentVolumeClaimSpec", {
  accessModes: list(1, string).atomic().doc("How often, and from where, it may be mounted."),
  selector: ref(4, LabelSelector).doc("Volumes that come into question."),
  resources: value(2, VolumeResourceRequirements).doc("How much is wanted."),
  volumeName: string(3).doc("The volume that it is bound to."),
  storageClassName: string(5).pointer().doc("Class to make the volume by."),
  volumeMode: string(6)
    .pointer()
    .oneOf("Block", "Filesystem")
    .default("Filesystem")
    .doc("A file system, or a raw block device."),
  dataSource: ref(7, TypedLocalObjectReference).doc("What the volume starts with."),
  dataSourceRef: ref(8, TypedObjectReference).doc("What the volume starts with; also kinds of others."),
  volumeAttributesClassName: string(9)
    .pointer()
    .gate("VolumeAttributesClass")
    .doc("Class of changeable attributes that the volume should have."),
});
export interface PersistentVolumeClaimSpec extends Of<typeof PersistentVolumeClaimSpec> {}

export const PersistentVolumeClaimCondition = struct("core.v1.PersistentVolumeClaimCondition", {
  type: string(1).required().doc("What the condition is about."),
  status: string(2).required().doc("True, False or Unknown."),
  lastProbeTime: time(3).orNull().doc("When it was last checked."),
  lastTransitionTime: time(4).orNull().doc("When the status last changed."),
  reason: string(5).doc("One word on why."),
  message: string(6).doc("The reason in plain words."),
});
export interface PersistentVolumeClaimCondition extends Of<typeof PersistentVolumeClaimCondition> {}

export const PersistentVolumeClaimStatus = struct("core.v1.PersistentVolumeClaimStatus", {
  phase: string(1).oneOf("Pending", "Bound", "Lost").default("Pending").doc("Pending, Bound or Lost."),
  accessModes: list(2, string).atomic().doc("Access modes that the volume has."),
  capacity: map(3, quantity).doc("Storage that the volume has."),
  conditions: list(4, PersistentVolumeClaimCondition)
    .mergedBy("type")
    .doc("What is known about its state, one entry per type."),
  allocatedResources: map(5, quantity).doc(
    "Storage that is set aside for the claim, also while a resize goes on.",
  ),
  allocatedResourceStatuses: map(7, string).granular().doc("How far the resize of each resource has come."),
  currentVolumeAttributesClassName: string(8)
    .pointer()
    .gate("VolumeAttributesClass")
    .doc("Attributes class that the volume has now."),
  modifyVolumeStatus: ref(9, ModifyVolumeStatus)
    .gate("VolumeAttributesClass")
    .doc("How far a change of the attributes class has come."),
});
export interface PersistentVolumeClaimStatus extends Of<typeof PersistentVolumeClaimStatus> {}

const SNAPSHOTS = "snapshot.storage.k8s.io";

/**
 * The two ways to say what a volume starts with say the same. The older one knows claims and snapshots only, and
 * forgets everything else.
 */
function withBothSources(spec: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec {
  const { dataSource: source, dataSourceRef: other, ...rest } = spec;
  const isKnown =
    source &&
    ((source.kind === "PersistentVolumeClaim" && !source.apiGroup) ||
      (source.kind === "VolumeSnapshot" && source.apiGroup === SNAPSHOTS));
  const dataSource = isKnown ? source : undefined;
  if (!dataSource && !other) return source ? rest : spec;
  if (other?.namespace) return { ...rest, ...(dataSource ? { dataSource } : {}), dataSourceRef: other };
  return { ...rest, dataSource: dataSource ?? other, dataSourceRef: other ?? dataSource };
}

const isSameSource = (source: TypedLocalObjectReference, other: TypedObjectReference): boolean =>
  source.kind === other.kind &&
  source.name === other.name &&
  (source.apiGroup ?? "") === (other.apiGroup ?? "");

/** What a claim asks for, in its own right or in a pod's volume. */
function* claimSpecProblems(
  {
    accessModes = [],
    resources,
    dataSource,
    dataSourceRef,
    storageClassName,
    volumeAttributesClassName,
  }: PersistentVolumeClaimSpec,
  path: string,
): Iterable<FieldProblem> {
  yield* namedIfSet(at(path, "storageClassName"), storageClassName, "dns-subdomain");
  yield* namedIfSet(at(path, "volumeAttributesClassName"), volumeAttributesClassName, "dns-subdomain");
  if (accessModes.length === 0) yield required(at(path, "accessModes"), "at least 1 access mode is required");
  yield* accessModeProblems(accessModes, at(path, "accessModes"));
  const storage = resources.requests?.storage;
  if (storage === undefined) yield required(at(path, "resources[storage]"));
  else if (compareQuantities(storage, "0") <= 0)
    yield invalid(at(path, "resources[storage]"), storage, "must be greater than zero");
  for (const [name, source] of Object.entries({ dataSource, dataSourceRef })) {
    if (!source) continue;
    const where = at(path, name);
    if (source.kind === "") yield required(at(where, "kind"));
    if (source.name === "") yield required(at(where, "name"));
    if (!source.apiGroup && source.kind !== "PersistentVolumeClaim")
      yield invalid(
        where,
        source.kind,
        "must be 'PersistentVolumeClaim' when referencing the default apiGroup",
      );
    yield* namedIfSet(at(where, "apiGroup"), source.apiGroup ?? undefined, "dns-subdomain");
  }
  if (dataSource && dataSourceRef && !isSameSource(dataSource, dataSourceRef))
    yield invalid(path, {}, "must match dataSourceRef");
}

const MAY_CHANGE =
  "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

/** Binding and growing are all that may happen to a claim. */
function* claimUpdateProblems(
  spec: PersistentVolumeClaimSpec,
  old: PersistentVolumeClaimSpec,
  { phase, capacity }: PersistentVolumeClaimStatus,
): Iterable<FieldProblem> {
  const settled = {
    ...spec,
    ...(old.volumeName ? {} : { volumeName: old.volumeName }),
    ...(phase === "Bound"
      ? {
          resources: { ...spec.resources, requests: old.resources.requests },
          volumeAttributesClassName: old.volumeAttributesClassName,
        }
      : {}),
    ...(old.storageClassName === undefined ? { storageClassName: undefined } : {}),
  };
  if (!sameValue(settled, old)) yield forbidden("spec", MAY_CHANGE);
  const [now, before] = [spec.resources.requests?.storage, old.resources.requests?.storage];
  if (now === undefined || before === undefined || compareQuantities(now, before) >= 0) return;
  const granted = capacity?.storage;
  if (granted === undefined || compareQuantities(now, granted) < 0)
    yield forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
}

interface ClaimParts {
  readonly metadata: ObjectMeta;
  readonly spec: PersistentVolumeClaimSpec;
  readonly status: PersistentVolumeClaimStatus;
}

const CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";

/** The class that is asked for, also the old way by annotation. */
export const storageClassOf = (
  { annotations }: ObjectMeta,
  { storageClassName }: { readonly storageClassName?: string },
): string | undefined => annotations?.[CLASS_ANNOTATION] ?? storageClassName;

const isBound = ({ spec }: ClaimParts): boolean => (spec.volumeName ?? "") !== "";

export const PersistentVolumeClaim = resource({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  doc: "A request for storage, and the hold on what it got.",
  plural: "persistentvolumeclaims",
  shortNames: ["pvc"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: PersistentVolumeClaimSpec,
  status: PersistentVolumeClaimStatus,
  counted: false,

  columns: [
    nameColumn,
    text("Status", ({ metadata, status }) => (metadata.deletionTimestamp ? "Terminating" : status.phase)),
    text("Volume", ({ spec }) => spec.volumeName ?? ""),
    text("Capacity", (claim: ClaimParts) => (isBound(claim) ? (claim.status.capacity?.storage ?? "") : "")),
    text("Access Modes", (claim: ClaimParts) =>
      isBound(claim) ? accessModesText(claim.status.accessModes) : "",
    ),
    text("StorageClass", ({ metadata, spec }) => storageClassOf(metadata, spec) ?? ""),
    text("VolumeAttributesClass", ({ spec }) => spec.volumeAttributesClassName ?? UNSET),
    ageColumn,
    wide("VolumeMode", ({ spec }) => spec.volumeMode),
  ],
  rules: {
    prepareForCreate: (claim) => ({ ...claim, spec: withBothSources(claim.spec) }),
    prepareForUpdate: (claim) => ({ ...claim, spec: withBothSources(claim.spec) }),
    validate: ({ spec }) => claimSpecProblems(spec, "spec"),
    validateUpdate: ({ spec }, old) => claimUpdateProblems(spec, old.spec, old.status),
    *warnings({ metadata, spec }) {
      yield* classAnnotationWarnings(metadata, "metadata");
      yield* claimSpecWarnings(spec, "spec");
    },
  },
});
export interface PersistentVolumeClaim extends Of<typeof PersistentVolumeClaim> {}

export const PersistentVolumeClaimTemplate = struct(
  "core.v1.PersistentVolumeClaimTemplate",
  {
    metadata: value(1, ObjectMeta).doc("Labels and annotations of the claim."),
    spec: value(2, PersistentVolumeClaimSpec).required().doc("What the claim wants."),
  },
  {
    *validate({ spec }, path) {
      yield* claimSpecProblems(spec, at(path, "spec"));
    },
  },
);
export interface PersistentVolumeClaimTemplate extends Of<typeof PersistentVolumeClaimTemplate> {}
