import { ageColumn, nameColumn, text, UNSET, wide } from "#api/columns";
import { namedIfSet, sameValue, setMembers } from "#api/checks";
import { compareQuantities } from "#machinery/quantity";
import { accessModeProblems, accessModesText, storageClassOf } from "./persistentvolumeclaim.ts";
import { NodeSelector } from "#api/core-v1/affinity";
import { driverName } from "#api/storage-v1/driver-name";
import {
  azureFileFields,
  cephFsFields,
  cinderFields,
  flexFields,
  glusterfsFields,
  iscsiFields,
  rbdFields,
  scaleIoFields,
  storageOsFields,
} from "./remote-volumes.ts";
import { withoutClimbing } from "./paths.ts";
import {
  farSecretProblems,
  flexOptionProblems,
  iscsiProblems,
  secretRefProblems,
  storageOsProblems,
} from "./volume-rules.ts";
import { classAnnotationWarnings, fractionWarnings } from "#api/core-v1/claim-warnings";
import { nodeTermWarnings } from "#api/core-v1/node-label-warnings";
import { outdatedVolumeWarnings } from "./volume-warnings.ts";
import { ObjectReference, SecretReference } from "#api/core-v1/reference";
import {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  HostPathVolumeSource,
  NFSVolumeSource,
  PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource,
  QuobyteVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from "#api/core-v1/volume";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  at,
  bool,
  entry,
  forbidden,
  inline,
  invalid,
  item,
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
} from "#machinery/schema";

export const AzureFilePersistentVolumeSource = struct("core.v1.AzureFilePersistentVolumeSource", {
  ...azureFileFields,
  secretNamespace: string(4).pointer().orNull().doc("Namespace of the secret; by default that of the claim."),
});
export interface AzureFilePersistentVolumeSource extends Of<typeof AzureFilePersistentVolumeSource> {}

const CSI_SECRETS = [
  "controllerPublishSecretRef",
  "nodeStageSecretRef",
  "nodePublishSecretRef",
  "controllerExpandSecretRef",
  "nodeExpandSecretRef",
] as const;

export const CSIPersistentVolumeSource = struct(
  "core.v1.CSIPersistentVolumeSource",
  {
    driver: string(1).required().doc("Name of the driver."),
    volumeHandle: string(2).required().notEmpty().doc("Identity of the volume with the driver."),
    readOnly: bool(3).doc("Only reading is allowed."),
    fsType: string(4).doc("File system to mount as, such as ext4."),
    volumeAttributes: map(5, string).doc("What the driver needs to know of the volume."),
    controllerPublishSecretRef: ref(6, SecretReference).doc("Secret for attaching and detaching."),
    nodeStageSecretRef: ref(7, SecretReference).doc("Secret for staging on a node."),
    nodePublishSecretRef: ref(8, SecretReference).doc("Secret for mounting into a pod."),
    controllerExpandSecretRef: ref(9, SecretReference).doc("Secret for growing the volume."),
    nodeExpandSecretRef: ref(10, SecretReference).doc("Secret for growing the volume on its node."),
  },
  {
    *validate(source, path) {
      yield* driverName(at(path, "driver"), source.driver);
      for (const name of CSI_SECRETS) yield* farSecretProblems(source[name], at(path, name));
    },
  },
);
export interface CSIPersistentVolumeSource extends Of<typeof CSIPersistentVolumeSource> {}

export const CephFSPersistentVolumeSource = struct(
  "core.v1.CephFSPersistentVolumeSource",
  cephFsFields(SecretReference),
);
export interface CephFSPersistentVolumeSource extends Of<typeof CephFSPersistentVolumeSource> {}

export const CinderPersistentVolumeSource = struct(
  "core.v1.CinderPersistentVolumeSource",
  cinderFields(SecretReference),
  {
    *validate({ secretRef }, path) {
      yield* secretRefProblems(secretRef, at(path, "secretRef"), true);
    },
  },
);
export interface CinderPersistentVolumeSource extends Of<typeof CinderPersistentVolumeSource> {}

export const FlexPersistentVolumeSource = struct(
  "core.v1.FlexPersistentVolumeSource",
  flexFields(SecretReference),
  {
    *validate({ options }, path) {
      yield* flexOptionProblems(options, path);
    },
  },
);
export interface FlexPersistentVolumeSource extends Of<typeof FlexPersistentVolumeSource> {}

export const GlusterfsPersistentVolumeSource = struct("core.v1.GlusterfsPersistentVolumeSource", {
  ...glusterfsFields,
  endpointsNamespace: string(4)
    .pointer()
    .doc("Namespace of the Endpoints object; by default that of the claim."),
});
export interface GlusterfsPersistentVolumeSource extends Of<typeof GlusterfsPersistentVolumeSource> {}

export const ISCSIPersistentVolumeSource = struct(
  "core.v1.ISCSIPersistentVolumeSource",
  iscsiFields(SecretReference),
  {
    *validate(source, path) {
      yield* iscsiProblems(source, path);
      yield* secretRefProblems(source.secretRef, at(path, "secretRef"));
    },
  },
);
export interface ISCSIPersistentVolumeSource extends Of<typeof ISCSIPersistentVolumeSource> {}

export const LocalVolumeSource = struct(
  "core.v1.LocalVolumeSource",
  {
    path: string(1).required().notEmpty().doc("Path of the device or directory on the node."),
    fsType: string(2).pointer().doc("File system to mount as, such as ext4."),
  },
  {
    *validate({ path: target }, path) {
      yield* withoutClimbing(target, at(path, "path"));
    },
  },
);
export interface LocalVolumeSource extends Of<typeof LocalVolumeSource> {}

export const RBDPersistentVolumeSource = struct(
  "core.v1.RBDPersistentVolumeSource",
  rbdFields(SecretReference),
);
export interface RBDPersistentVolumeSource extends Of<typeof RBDPersistentVolumeSource> {}

export const ScaleIOPersistentVolumeSource = struct(
  "core.v1.ScaleIOPersistentVolumeSource",
  scaleIoFields(SecretReference),
);
export interface ScaleIOPersistentVolumeSource extends Of<typeof ScaleIOPersistentVolumeSource> {}

export const StorageOSPersistentVolumeSource = struct(
  "core.v1.StorageOSPersistentVolumeSource",
  storageOsFields(ObjectReference),
  {
    *validate(source, path) {
      yield* storageOsProblems(source, path);
      yield* secretRefProblems(source.secretRef, at(path, "secretRef"), true);
    },
  },
);
export interface StorageOSPersistentVolumeSource extends Of<typeof StorageOSPersistentVolumeSource> {}

export const PersistentVolumeSource = struct("core.v1.PersistentVolumeSource", {
  gcePersistentDisk: ref(1, GCEPersistentDiskVolumeSource).doc("Disk of Google Compute Engine."),
  awsElasticBlockStore: ref(2, AWSElasticBlockStoreVolumeSource).doc("Disk of Amazon EC2."),
  hostPath: ref(3, HostPathVolumeSource).doc("Directory of the node."),
  glusterfs: ref(4, GlusterfsPersistentVolumeSource).doc("Volume of GlusterFS."),
  nfs: ref(5, NFSVolumeSource).doc("Directory of an NFS server."),
  rbd: ref(6, RBDPersistentVolumeSource).doc("Block device of Ceph."),
  iscsi: ref(7, ISCSIPersistentVolumeSource).doc("Disk over iSCSI."),
  cinder: ref(8, CinderPersistentVolumeSource).doc("Volume of OpenStack."),
  cephfs: ref(9, CephFSPersistentVolumeSource).doc("File system of Ceph."),
  fc: ref(10, FCVolumeSource).doc("Disk over Fibre Channel."),
  flocker: ref(11, FlockerVolumeSource).doc("Dataset of Flocker."),
  flexVolume: ref(12, FlexPersistentVolumeSource).doc("Volume of a Flex driver."),
  azureFile: ref(13, AzureFilePersistentVolumeSource).doc("File share of Azure."),
  vsphereVolume: ref(14, VsphereVirtualDiskVolumeSource).doc("Disk of vSphere."),
  quobyte: ref(15, QuobyteVolumeSource).doc("Volume of Quobyte."),
  azureDisk: ref(16, AzureDiskVolumeSource).doc("Disk of Azure."),
  photonPersistentDisk: ref(17, PhotonPersistentDiskVolumeSource).doc("Disk of Photon."),
  portworxVolume: ref(18, PortworxVolumeSource).doc("Volume of Portworx."),
  scaleIO: ref(19, ScaleIOPersistentVolumeSource).doc("Volume of ScaleIO."),
  local: ref(20, LocalVolumeSource).doc("Disk or directory of one node."),
  storageos: ref(21, StorageOSPersistentVolumeSource).doc("Volume of StorageOS."),
  csi: ref(22, CSIPersistentVolumeSource).doc("Volume of a CSI driver."),
});
export interface PersistentVolumeSource extends Of<typeof PersistentVolumeSource> {}

export const VolumeNodeAffinity = struct("core.v1.VolumeNodeAffinity", {
  required: ref(1, NodeSelector).notEmpty().doc("Nodes that the volume can be reached from."),
});
export interface VolumeNodeAffinity extends Of<typeof VolumeNodeAffinity> {}

const SOURCES = Object.keys(PersistentVolumeSource.fields) as readonly (keyof PersistentVolumeSource &
  string)[];

export const PersistentVolumeSpec = struct(
  "core.v1.PersistentVolumeSpec",
  {
    capacity: map(1, quantity).doc("How much it holds."),
    persistentVolumeSource: inline(2, PersistentVolumeSource),
    accessModes: list(3, string).atomic().notEmpty().doc("How often, and from where, it may be mounted."),
    claimRef: ref(4, ObjectReference).granular().doc("The claim that it is bound to."),
    persistentVolumeReclaimPolicy: string(5)
      .oneOf("Recycle", "Delete", "Retain")
      .default("Retain")
      .doc("What happens to it when its claim is gone."),
    storageClassName: string(6).doc("Class that it belongs to."),
    mountOptions: list(7, string).atomic().doc("Options of the mount."),
    volumeMode: string(8)
      .pointer()
      .oneOf("Block", "Filesystem")
      .default("Filesystem")
      .doc("A file system, or a raw block device."),
    nodeAffinity: ref(9, VolumeNodeAffinity).doc("Nodes from which it can be reached."),
    volumeAttributesClassName: string(10)
      .pointer()
      .gate("VolumeAttributesClass")
      .doc("Class of changeable attributes that the volume has."),
  },
  {
    *validate(spec, path) {
      yield* accessModeProblems(spec.accessModes ?? [], at(path, "accessModes"));
      for (const [name, amount] of Object.entries(spec.capacity ?? {})) {
        const where = entry(at(path, "capacity"), name);
        if (name !== "storage") yield notSupported(where, name, ["storage"]);
        if (compareQuantities(amount, "0") <= 0) yield invalid(where, amount, "must be greater than zero");
      }
      const [first, ...more] = setMembers(spec, SOURCES);
      if (first === undefined) yield required(path, "must specify a volume type");
      for (const name of more) yield forbidden(at(path, name), "may not specify more than 1 volume type");
      if (spec.local && !spec.nodeAffinity?.required)
        yield required(at(path, "nodeAffinity"), "Local volume requires node affinity");
      if (spec.hostPath?.path === "/" && spec.persistentVolumeReclaimPolicy === "Recycle")
        yield forbidden(
          at(path, "persistentVolumeReclaimPolicy"),
          "may not be 'recycle' for a hostPath mount of '/'",
        );
      yield* namedIfSet(at(path, "storageClassName"), spec.storageClassName, "dns-subdomain");
      const { volumeAttributesClassName } = spec;
      if (volumeAttributesClassName === undefined) return;
      const where = at(path, "volumeAttributesClassName");
      if (volumeAttributesClassName === "") yield required(where, "an empty string is disallowed");
      yield* namedIfSet(where, volumeAttributesClassName, "dns-subdomain");
      if (!spec.csi)
        yield required(at(path, "csi"), "has to be specified when using volumeAttributesClassName");
    },
  },
);
export interface PersistentVolumeSpec extends Of<typeof PersistentVolumeSpec> {}

export const PersistentVolumeStatus = struct("core.v1.PersistentVolumeStatus", {
  phase: string(1)
    .oneOf("Pending", "Available", "Bound", "Released", "Failed")
    .default("Pending")
    .doc("Pending, Available, Bound, Released or Failed."),
  message: string(2).doc("More about it in plain words."),
  reason: string(3).doc("One word on why."),
  lastPhaseTransitionTime: time(4).pointer().doc("When the phase last changed."),
});
export interface PersistentVolumeStatus extends Of<typeof PersistentVolumeStatus> {}

const sourceOf = (spec: PersistentVolumeSpec): Readonly<Record<string, unknown>> =>
  Object.fromEntries(SOURCES.filter((name) => spec[name] !== undefined).map((name) => [name, spec[name]]));

const claimText = ({ claimRef }: PersistentVolumeSpec): string =>
  claimRef ? `${claimRef.namespace ?? ""}/${claimRef.name ?? ""}` : "";

const OLD_MOUNT_OPTIONS = "volume.beta.kubernetes.io/mount-options";

function* volumeWarnings({
  metadata,
  spec,
}: {
  readonly metadata: ObjectMeta;
  readonly spec: PersistentVolumeSpec;
}) {
  yield* classAnnotationWarnings(metadata, "metadata");
  if (metadata.annotations?.[OLD_MOUNT_OPTIONS] !== undefined)
    yield `${entry("metadata.annotations", OLD_MOUNT_OPTIONS)}: deprecated since v1.31; use "mountOptions" attribute instead`;
  if (spec.persistentVolumeReclaimPolicy === "Recycle")
    yield "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.";
  for (const [index, term] of (spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).entries())
    yield* nodeTermWarnings(term, item("spec.nodeAffinity.required.nodeSelectorTerms", index));
  yield* outdatedVolumeWarnings(spec, "spec");
  yield* fractionWarnings(spec.capacity, ["storage"], "spec.capacity");
}

export const PersistentVolume = resource({
  apiVersion: "v1",
  kind: "PersistentVolume",
  doc: "Storage of the cluster that claims can be bound to.",
  plural: "persistentvolumes",
  shortNames: ["pv"],
  namespaced: false,
  metadata: ObjectMeta,
  spec: PersistentVolumeSpec,
  status: PersistentVolumeStatus,
  counted: false,

  columns: [
    nameColumn,
    text("Capacity", ({ spec }) => spec.capacity?.storage ?? ""),
    text("Access Modes", ({ spec }) => accessModesText(spec.accessModes)),
    text("Reclaim Policy", ({ spec }) => spec.persistentVolumeReclaimPolicy),
    text("Status", ({ metadata, status }) => (metadata.deletionTimestamp ? "Terminating" : status.phase)),
    text("Claim", ({ spec }) => claimText(spec)),
    text("StorageClass", ({ metadata, spec }) => storageClassOf(metadata, spec) ?? ""),
    text("VolumeAttributesClass", ({ spec }) => spec.volumeAttributesClassName ?? UNSET),
    text("Reason", ({ status }) => status.reason ?? ""),
    ageColumn,
    wide("VolumeMode", ({ spec }) => spec.volumeMode),
  ],
  rules: {
    *validate({ spec }) {
      if (!spec.capacity) yield required("spec.capacity");
    },
    *validateUpdate({ spec }, { spec: old }) {
      if (!sameValue(sourceOf(spec), sourceOf(old)))
        yield forbidden(
          "spec.persistentvolumesource",
          "spec.persistentvolumesource is immutable after creation",
        );
      if (spec.volumeMode !== old.volumeMode)
        yield invalid("spec.volumeMode", spec.volumeMode, "field is immutable");
      if (old.nodeAffinity && !sameValue(spec.nodeAffinity, old.nodeAffinity))
        yield invalid("spec.nodeAffinity", spec.nodeAffinity ?? null, "field is immutable");
    },
    warnings: volumeWarnings,
  },
});
export interface PersistentVolume extends Of<typeof PersistentVolume> {}
