import { ageColumn, flag, nameColumn, text } from "#api/columns";
import { PersistentVolumeSpec } from "#api/core-v1/persistentvolume";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, int32, map, type Of, ref, resource, string, struct, time, value } from "#machinery/schema";

export const VolumeAttachmentSource = struct("storage.v1.VolumeAttachmentSource", {
  persistentVolumeName: string(1).pointer(),
  inlineVolumeSpec: ref(2, PersistentVolumeSpec),
});
export interface VolumeAttachmentSource extends Of<typeof VolumeAttachmentSource> {}

export const VolumeAttachmentSpec = struct("storage.v1.VolumeAttachmentSpec", {
  attacher: string(1).required(),
  source: value(2, VolumeAttachmentSource).required(),
  nodeName: string(3).required(),
});
export interface VolumeAttachmentSpec extends Of<typeof VolumeAttachmentSpec> {}

export const VolumeError = struct("storage.v1.VolumeError", {
  time: time(1).orNull(),
  message: string(2).doc("More about it in plain words."),
  errorCode: int32(3).pointer().gate("MutableCSINodeAllocatableCount"),
});
export interface VolumeError extends Of<typeof VolumeError> {}

export const VolumeAttachmentStatus = struct("storage.v1.VolumeAttachmentStatus", {
  attached: bool(1).required(),
  attachmentMetadata: map(2, string),
  attachError: ref(3, VolumeError),
  detachError: ref(4, VolumeError),
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
});
export interface VolumeAttachment extends Of<typeof VolumeAttachment> {}
