import { named, unchanged } from "#api/checks";
import { ageColumn, flag, nameColumn, text } from "#api/columns";
import { PersistentVolumeSpec } from "#api/core-v1/persistentvolume";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  at,
  bool,
  type FieldProblem,
  forbidden,
  int32,
  map,
  type Of,
  ref,
  required,
  resource,
  string,
  struct,
  time,
  tooLong,
  value,
} from "#machinery/schema";
import { driverName } from "./driver-name.ts";

const METADATA_BYTES_MAX = 256 * 1024;
const MESSAGE_BYTES_MAX = 1024;

export const VolumeAttachmentSource = struct("storage.v1.VolumeAttachmentSource", {
  persistentVolumeName: string(1).pointer().doc("Name of the persistent volume."),
  inlineVolumeSpec: ref(2, PersistentVolumeSpec).doc("A volume that no PersistentVolume stands for."),
});
export interface VolumeAttachmentSource extends Of<typeof VolumeAttachmentSource> {}

export const VolumeAttachmentSpec = struct("storage.v1.VolumeAttachmentSpec", {
  attacher: string(1).required().doc("Driver that attaches."),
  source: value(2, VolumeAttachmentSource).required().doc("The volume."),
  nodeName: string(3).required().doc("The node."),
});
export interface VolumeAttachmentSpec extends Of<typeof VolumeAttachmentSpec> {}

export const VolumeError = struct("storage.v1.VolumeError", {
  time: time(1).orNull().doc("When it failed."),
  message: string(2).doc("More about it in plain words."),
  errorCode: int32(3).pointer().gate("MutableCSINodeAllocatableCount").doc("gRPC code of the error."),
});
export interface VolumeError extends Of<typeof VolumeError> {}

export const VolumeAttachmentStatus = struct("storage.v1.VolumeAttachmentStatus", {
  attached: bool(1).required().doc("The volume is attached."),
  attachmentMetadata: map(2, string).doc("What the driver says of the attachment."),
  attachError: ref(3, VolumeError).doc("Why attaching failed last."),
  detachError: ref(4, VolumeError).doc("Why detaching failed last."),
});
export interface VolumeAttachmentStatus extends Of<typeof VolumeAttachmentStatus> {}

export const VolumeAttachment = resource({
  apiVersion: "storage.k8s.io/v1",
  kind: "VolumeAttachment",
  doc: "A volume that is, or is to be, attached to a node.",
  plural: "volumeattachments",
  namespaced: false,
  metadata: ObjectMeta,
  spec: VolumeAttachmentSpec,
  specRequired: true,
  status: VolumeAttachmentStatus,
  counted: false,
  unconditionalUpdate: false,

  columns: [
    nameColumn,
    {
      ...text("Attacher", ({ spec }: { readonly spec: VolumeAttachmentSpec }) => spec.attacher),
      format: "name",
    },
    text("PV", ({ spec }) => spec.source.persistentVolumeName ?? ""),
    text("Node", ({ spec }) => spec.nodeName),
    flag("Attached", ({ status }) => status.attached),
    ageColumn,
  ],
  rules: {
    *validate({ spec }) {
      yield* driverName("spec.attacher", spec.attacher);
      yield* problemsOfSource(spec.source);
      yield* named("spec.nodeName", spec.nodeName, "dns-subdomain");
    },
    validateStatusUpdate: ({ status }) => problemsOfStatus(status),
    validateUpdate: ({ spec }, old) => unchanged("spec", spec, old.spec),
  },
});

function* problemsOfSource({
  persistentVolumeName: name,
  inlineVolumeSpec: inline,
}: VolumeAttachmentSource): Iterable<FieldProblem> {
  const one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  if (name === undefined && !inline) yield required("spec.source", one);
  else if (name !== undefined && inline) yield forbidden("spec.source", one);
  else if (name === "")
    yield required("spec.source.persistentVolumeName", "must specify non empty persistentVolumeName");
  else if (name !== undefined) yield* named("spec.source.persistentVolumeName", name, "dns-subdomain");
  else if (inline) yield* inlineProblems(inline, "spec.source.inlineVolumeSpec");
}

/** A volume that stands for itself has no claim, and nothing that a claim would look at. */
function* inlineProblems(spec: PersistentVolumeSpec, path: string): Iterable<FieldProblem> {
  const text = "in the context of inline volumes";
  for (const name of ["claimRef", "capacity", "nodeAffinity", "storageClassName"] as const)
    if (spec[name]) yield forbidden(at(path, name), `may not be specified ${text}`);
  if (!spec.csi) yield required(at(path, "csi"), `has to be specified ${text}`);
  if (spec.persistentVolumeReclaimPolicy !== "Retain")
    yield forbidden(at(path, "persistentVolumeReclaimPolicy"), `may only be Retain ${text}`);
  if (spec.volumeMode !== "Filesystem")
    yield forbidden(at(path, "volumeMode"), `may not specify volumeMode other than Filesystem ${text}`);
}

function* problemsOfStatus({
  attachmentMetadata = {},
  attachError,
  detachError,
}: VolumeAttachmentStatus): Iterable<FieldProblem> {
  let size = 0;
  for (const [key, text] of Object.entries(attachmentMetadata)) size += key.length + text.length;
  if (size > METADATA_BYTES_MAX) yield tooLong("status.attachmentMetadata", METADATA_BYTES_MAX);
  if ((attachError?.message ?? "").length > MESSAGE_BYTES_MAX)
    yield tooLong("status.attachError.message", MESSAGE_BYTES_MAX);
  if ((detachError?.message ?? "").length > MESSAGE_BYTES_MAX)
    yield tooLong("status.detachError.message", MESSAGE_BYTES_MAX);
}

export interface VolumeAttachment extends Of<typeof VolumeAttachment> {}
