import { ageColumn, nameColumn, text, UNSET, wide } from "#api/columns";
import { namedIfSet, sameValue, setMembers } from "#api/checks";
import { compareQuantities } from "#machinery/quantity";
import { accessModeProblems, accessModesText, storageClassOf } from "./persistentvolumeclaim.ts";
import { NodeSelector } from "#api/core-v1/affinity";
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
  int32,
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
} from "#machinery/schema";

export const AzureFilePersistentVolumeSource = struct("core.v1.AzureFilePersistentVolumeSource", {
  secretName: string(1).required(),
  shareName: string(2).required(),
  readOnly: bool(3).doc("Only reading is allowed."),
  secretNamespace: string(4).pointer().orNull(),
});
export interface AzureFilePersistentVolumeSource extends Of<typeof AzureFilePersistentVolumeSource> {}

export const CSIPersistentVolumeSource = struct("core.v1.CSIPersistentVolumeSource", {
  driver: string(1).required().notEmpty(),
  volumeHandle: string(2).required().notEmpty(),
  readOnly: bool(3).doc("Only reading is allowed."),
  fsType: string(4).doc("File system to mount as, such as ext4."),
  volumeAttributes: map(5, string),
  controllerPublishSecretRef: ref(6, SecretReference),
  nodeStageSecretRef: ref(7, SecretReference),
  nodePublishSecretRef: ref(8, SecretReference),
  controllerExpandSecretRef: ref(9, SecretReference),
  nodeExpandSecretRef: ref(10, SecretReference),
});
export interface CSIPersistentVolumeSource extends Of<typeof CSIPersistentVolumeSource> {}

export const CephFSPersistentVolumeSource = struct("core.v1.CephFSPersistentVolumeSource", {
  monitors: list(1, string).required().atomic(),
  path: string(2),
  user: string(3),
  secretFile: string(4),
  secretRef: ref(5, SecretReference).doc("Secret with what is needed to log in."),
  readOnly: bool(6).doc("Only reading is allowed."),
});
export interface CephFSPersistentVolumeSource extends Of<typeof CephFSPersistentVolumeSource> {}

export const CinderPersistentVolumeSource = struct("core.v1.CinderPersistentVolumeSource", {
  volumeID: string(1).required(),
  fsType: string(2).doc("File system to mount as, such as ext4."),
  readOnly: bool(3).doc("Only reading is allowed."),
  secretRef: ref(4, SecretReference).doc("Secret with what is needed to log in."),
});
export interface CinderPersistentVolumeSource extends Of<typeof CinderPersistentVolumeSource> {}

export const FlexPersistentVolumeSource = struct("core.v1.FlexPersistentVolumeSource", {
  driver: string(1).required(),
  fsType: string(2).doc("File system to mount as, such as ext4."),
  secretRef: ref(3, SecretReference).doc("Secret with what is needed to log in."),
  readOnly: bool(4).doc("Only reading is allowed."),
  options: map(5, string),
});
export interface FlexPersistentVolumeSource extends Of<typeof FlexPersistentVolumeSource> {}

export const GlusterfsPersistentVolumeSource = struct("core.v1.GlusterfsPersistentVolumeSource", {
  endpoints: string(1).required(),
  path: string(2).required(),
  readOnly: bool(3).doc("Only reading is allowed."),
  endpointsNamespace: string(4).pointer(),
});
export interface GlusterfsPersistentVolumeSource extends Of<typeof GlusterfsPersistentVolumeSource> {}

export const ISCSIPersistentVolumeSource = struct("core.v1.ISCSIPersistentVolumeSource", {
  targetPortal: string(1).required(),
  iqn: string(2).required(),
  lun: int32(3).required(),
  iscsiInterface: string(4).default("default"),
  fsType: string(5).doc("File system to mount as, such as ext4."),
  readOnly: bool(6).doc("Only reading is allowed."),
  portals: list(7, string).atomic(),
  chapAuthDiscovery: bool(8),
  chapAuthSession: bool(11),
  secretRef: ref(10, SecretReference).doc("Secret with what is needed to log in."),
  initiatorName: string(12).pointer(),
});
export interface ISCSIPersistentVolumeSource extends Of<typeof ISCSIPersistentVolumeSource> {}

export const LocalVolumeSource = struct("core.v1.LocalVolumeSource", {
  path: string(1).required().notEmpty(),
  fsType: string(2).pointer().doc("File system to mount as, such as ext4."),
});
export interface LocalVolumeSource extends Of<typeof LocalVolumeSource> {}

export const RBDPersistentVolumeSource = struct("core.v1.RBDPersistentVolumeSource", {
  monitors: list(1, string).required().atomic(),
  image: string(2).required(),
  fsType: string(3).doc("File system to mount as, such as ext4."),
  pool: string(4).default("rbd"),
  user: string(5).default("admin"),
  keyring: string(6).default("/etc/ceph/keyring"),
  secretRef: ref(7, SecretReference).doc("Secret with what is needed to log in."),
  readOnly: bool(8).doc("Only reading is allowed."),
});
export interface RBDPersistentVolumeSource extends Of<typeof RBDPersistentVolumeSource> {}

export const ScaleIOPersistentVolumeSource = struct("core.v1.ScaleIOPersistentVolumeSource", {
  gateway: string(1).required(),
  system: string(2).required(),
  secretRef: ref(3, SecretReference).required().doc("Secret with what is needed to log in."),
  sslEnabled: bool(4),
  protectionDomain: string(5),
  storagePool: string(6),
  storageMode: string(7).default("ThinProvisioned"),
  volumeName: string(8),
  fsType: string(9).default("xfs").doc("File system to mount as, such as ext4."),
  readOnly: bool(10).doc("Only reading is allowed."),
});
export interface ScaleIOPersistentVolumeSource extends Of<typeof ScaleIOPersistentVolumeSource> {}

export const StorageOSPersistentVolumeSource = struct("core.v1.StorageOSPersistentVolumeSource", {
  volumeName: string(1),
  volumeNamespace: string(2),
  fsType: string(3).doc("File system to mount as, such as ext4."),
  readOnly: bool(4).doc("Only reading is allowed."),
  secretRef: ref(5, ObjectReference).doc("Secret with what is needed to log in."),
});
export interface StorageOSPersistentVolumeSource extends Of<typeof StorageOSPersistentVolumeSource> {}

export const PersistentVolumeSource = struct("core.v1.PersistentVolumeSource", {
  gcePersistentDisk: ref(1, GCEPersistentDiskVolumeSource),
  awsElasticBlockStore: ref(2, AWSElasticBlockStoreVolumeSource),
  hostPath: ref(3, HostPathVolumeSource),
  glusterfs: ref(4, GlusterfsPersistentVolumeSource),
  nfs: ref(5, NFSVolumeSource),
  rbd: ref(6, RBDPersistentVolumeSource),
  iscsi: ref(7, ISCSIPersistentVolumeSource),
  cinder: ref(8, CinderPersistentVolumeSource),
  cephfs: ref(9, CephFSPersistentVolumeSource),
  fc: ref(10, FCVolumeSource),
  flocker: ref(11, FlockerVolumeSource),
  flexVolume: ref(12, FlexPersistentVolumeSource),
  azureFile: ref(13, AzureFilePersistentVolumeSource),
  vsphereVolume: ref(14, VsphereVirtualDiskVolumeSource),
  quobyte: ref(15, QuobyteVolumeSource),
  azureDisk: ref(16, AzureDiskVolumeSource),
  photonPersistentDisk: ref(17, PhotonPersistentDiskVolumeSource),
  portworxVolume: ref(18, PortworxVolumeSource),
  scaleIO: ref(19, ScaleIOPersistentVolumeSource),
  local: ref(20, LocalVolumeSource),
  storageos: ref(21, StorageOSPersistentVolumeSource),
  csi: ref(22, CSIPersistentVolumeSource),
});
export interface PersistentVolumeSource extends Of<typeof PersistentVolumeSource> {}

export const VolumeNodeAffinity = struct("core.v1.VolumeNodeAffinity", {
  required: ref(1, NodeSelector).notEmpty(),
});
export interface VolumeNodeAffinity extends Of<typeof VolumeNodeAffinity> {}

const SOURCES = Object.keys(PersistentVolumeSource.fields) as readonly (keyof PersistentVolumeSource &
  string)[];

export const PersistentVolumeSpec = struct(
  "core.v1.PersistentVolumeSpec",
  {
    capacity: map(1, quantity).notEmpty().doc("How much it holds."),
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
    volumeAttributesClassName: string(10).pointer().gate("VolumeAttributesClass"),
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
    },
  },
);
export interface PersistentVolumeSpec extends Of<typeof PersistentVolumeSpec> {}

export const PersistentVolumeStatus = struct("core.v1.PersistentVolumeStatus", {
  phase: string(1).oneOf("Pending", "Available", "Bound", "Released", "Failed").default("Pending"),
  message: string(2).doc("More about it in plain words."),
  reason: string(3).doc("One word on why."),
  lastPhaseTransitionTime: time(4).pointer(),
});
export interface PersistentVolumeStatus extends Of<typeof PersistentVolumeStatus> {}

const sourceOf = (spec: PersistentVolumeSpec): Readonly<Record<string, unknown>> =>
  Object.fromEntries(SOURCES.filter((name) => spec[name] !== undefined).map((name) => [name, spec[name]]));

const claimText = ({ claimRef }: PersistentVolumeSpec): string =>
  claimRef ? `${claimRef.namespace ?? ""}/${claimRef.name ?? ""}` : "";

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
  },
});
export interface PersistentVolume extends Of<typeof PersistentVolume> {}
