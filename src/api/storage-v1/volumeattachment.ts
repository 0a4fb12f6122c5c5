import { ageColumn, flag, nameColumn, text } from "#api/columns";
import { PersistentVolumeSpec } from "#api/core-v1/persistentvolume";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, int32, map, type Of, ref, resource, string, struct, time, value } from "#machinery/schema";

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
});
export interface VolumeAttachment extends Of<typeof VolumeAttachment> {}
