import { fileMode, setMembers } from "#api/checks";
import { volumeItemPath, withoutClimbing } from "./paths.ts";
import { fieldPathProblems, resourceFieldProblems } from "./env.ts";
import { ObjectFieldSelector, ResourceFieldSelector } from "#api/core-v1/env";
import { PersistentVolumeClaimTemplate } from "#api/core-v1/persistentvolumeclaim";
import { LocalObjectReference } from "#api/core-v1/reference";
import { LabelSelector } from "#api/meta-v1/labelselector";
import {
  at,
  bool,
  type FieldProblem,
  forbidden,
  inline,
  int32,
  int64,
  invalid,
  item,
  list,
  map,
  type Of,
  quantity,
  ref,
  required,
  string,
  struct,
} from "#machinery/schema";

export const AWSElasticBlockStoreVolumeSource = struct("core.v1.AWSElasticBlockStoreVolumeSource", {
  volumeID: string(1).required(),
  fsType: string(2).doc("File system to mount as, such as ext4."),
  partition: int32(3),
  readOnly: bool(4).doc("Only reading is allowed."),
});
export interface AWSElasticBlockStoreVolumeSource extends Of<typeof AWSElasticBlockStoreVolumeSource> {}

export const AzureDiskVolumeSource = struct("core.v1.AzureDiskVolumeSource", {
  diskName: string(1).required(),
  diskURI: string(2).required(),
  cachingMode: string(3).pointer().oneOf("None", "ReadOnly", "ReadWrite").default("ReadWrite"),
  fsType: string(4).pointer().default("ext4").doc("File system to mount as, such as ext4."),
  readOnly: bool(5).pointer().default(false).doc("Only reading is allowed."),
  kind: string(6).pointer().oneOf("Shared", "Dedicated", "Managed").default("Shared"),
});
export interface AzureDiskVolumeSource extends Of<typeof AzureDiskVolumeSource> {}

export const AzureFileVolumeSource = struct("core.v1.AzureFileVolumeSource", {
  secretName: string(1).required(),
  shareName: string(2).required(),
  readOnly: bool(3).doc("Only reading is allowed."),
});
export interface AzureFileVolumeSource extends Of<typeof AzureFileVolumeSource> {}

export const CSIVolumeSource = struct("core.v1.CSIVolumeSource", {
  driver: string(1).required().notEmpty(),
  readOnly: bool(2).pointer().doc("Only reading is allowed."),
  fsType: string(3).pointer().doc("File system to mount as, such as ext4."),
  volumeAttributes: map(4, string),
  nodePublishSecretRef: ref(5, LocalObjectReference),
});
export interface CSIVolumeSource extends Of<typeof CSIVolumeSource> {}

export const CephFSVolumeSource = struct("core.v1.CephFSVolumeSource", {
  monitors: list(1, string).required().atomic(),
  path: string(2),
  user: string(3),
  secretFile: string(4),
  secretRef: ref(5, LocalObjectReference).doc("Secret with what is needed to log in."),
  readOnly: bool(6).doc("Only reading is allowed."),
});
export interface CephFSVolumeSource extends Of<typeof CephFSVolumeSource> {}

export const CinderVolumeSource = struct("core.v1.CinderVolumeSource", {
  volumeID: string(1).required(),
  fsType: string(2).doc("File system to mount as, such as ext4."),
  readOnly: bool(3).doc("Only reading is allowed."),
  secretRef: ref(4, LocalObjectReference).doc("Secret with what is needed to log in."),
});
export interface CinderVolumeSource extends Of<typeof CinderVolumeSource> {}

export const ClusterTrustBundleProjection = struct("core.v1.ClusterTrustBundleProjection", {
  name: string(1).pointer(),
  signerName: string(2).pointer(),
  labelSelector: ref(3, LabelSelector).doc("Objects that it is about."),
  optional: bool(5).pointer().doc("Nothing is wrong when it is missing."),
  path: string(4).required(),
});
export interface ClusterTrustBundleProjection extends Of<typeof ClusterTrustBundleProjection> {}

export const KeyToPath = struct(
  "core.v1.KeyToPath",
  {
    key: string(1).required().notEmpty().doc("The key."),
    path: string(2).required().notEmpty().doc("File below the mount."),
    mode: int32(3).pointer().doc("Mode bits of this file."),
  },
  {
    *validate({ path: target, mode }, path) {
      yield* volumeItemPath(target, at(path, "path"));
      yield* fileMode(at(path, "mode"), mode);
    },
  },
);
export interface KeyToPath extends Of<typeof KeyToPath> {}

export const ConfigMapProjection = struct(
  "core.v1.ConfigMapProjection",
  {
    localObjectReference: inline(1, LocalObjectReference),
    items: list(2, KeyToPath).atomic(),
    optional: bool(4).pointer().doc("Nothing is wrong when it is missing."),
  },
  {
    *validate({ name }, path) {
      if (!name) yield required(at(path, "name"));
    },
  },
);
export interface ConfigMapProjection extends Of<typeof ConfigMapProjection> {}

export const ConfigMapVolumeSource = struct(
  "core.v1.ConfigMapVolumeSource",
  {
    localObjectReference: inline(1, LocalObjectReference),
    items: list(2, KeyToPath).atomic().doc("Keys that become files, and where; all of them when empty."),
    defaultMode: int32(3).pointer().default(420).doc("Mode bits of the files."),
    optional: bool(4).pointer().doc("Nothing is wrong when it is missing."),
  },
  {
    *validate({ name, defaultMode }, path) {
      if (!name) yield required(at(path, "name"));
      yield* fileMode(at(path, "defaultMode"), defaultMode);
    },
  },
);
export interface ConfigMapVolumeSource extends Of<typeof ConfigMapVolumeSource> {}

/** Fields of the pod that a file may hold. */
const FILE_FIELDS = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];

export const DownwardAPIVolumeFile = struct(
  "core.v1.DownwardAPIVolumeFile",
  {
    path: string(1).required().notEmpty(),
    fieldRef: ref(2, ObjectFieldSelector),
    resourceFieldRef: ref(3, ResourceFieldSelector),
    mode: int32(4).pointer(),
  },
  {
    *validate({ path: target, fieldRef, resourceFieldRef, mode }, path) {
      yield* volumeItemPath(target, at(path, "path"));
      yield* fileMode(at(path, "mode"), mode);
      if (fieldRef) {
        yield* fieldPathProblems(fieldRef.fieldPath, FILE_FIELDS, at(path, "fieldRef"));
        if (resourceFieldRef)
          yield invalid(
            path,
            "resource",
            "fieldRef and resourceFieldRef can not be specified simultaneously",
          );
      } else if (resourceFieldRef) {
        if (!resourceFieldRef.containerName) yield required(at(path, "resourceFieldRef.containerName"));
        yield* resourceFieldProblems(resourceFieldRef, at(path, "resourceFieldRef"));
      } else yield required(path, "one of fieldRef and resourceFieldRef is required");
    },
  },
);
export interface DownwardAPIVolumeFile extends Of<typeof DownwardAPIVolumeFile> {}

export const DownwardAPIProjection = struct("core.v1.DownwardAPIProjection", {
  items: list(1, DownwardAPIVolumeFile).atomic(),
});
export interface DownwardAPIProjection extends Of<typeof DownwardAPIProjection> {}

export const DownwardAPIVolumeSource = struct(
  "core.v1.DownwardAPIVolumeSource",
  {
    items: list(1, DownwardAPIVolumeFile).atomic(),
    defaultMode: int32(2).pointer().default(420),
  },
  {
    *validate({ defaultMode }, path) {
      yield* fileMode(at(path, "defaultMode"), defaultMode);
    },
  },
);
export interface DownwardAPIVolumeSource extends Of<typeof DownwardAPIVolumeSource> {}

export const EmptyDirVolumeSource = struct(
  "core.v1.EmptyDirVolumeSource",
  {
    medium: string(1).doc("Memory, or the node's disk when empty."),
    sizeLimit: quantity(2).pointer().doc("The pod is evicted above it."),
  },
  {
    *validate({ sizeLimit }, path) {
      if (sizeLimit?.startsWith("-"))
        yield forbidden(at(path, "sizeLimit"), "SizeLimit field must be a valid resource quantity");
    },
  },
);
export interface EmptyDirVolumeSource extends Of<typeof EmptyDirVolumeSource> {}

export const EphemeralVolumeSource = struct("core.v1.EphemeralVolumeSource", {
  volumeClaimTemplate: ref(1, PersistentVolumeClaimTemplate).notEmpty(),
});
export interface EphemeralVolumeSource extends Of<typeof EphemeralVolumeSource> {}

export const FCVolumeSource = struct("core.v1.FCVolumeSource", {
  targetWWNs: list(1, string).atomic(),
  lun: int32(2).pointer(),
  fsType: string(3).doc("File system to mount as, such as ext4."),
  readOnly: bool(4).doc("Only reading is allowed."),
  wwids: list(5, string).atomic(),
});
export interface FCVolumeSource extends Of<typeof FCVolumeSource> {}

export const FlexVolumeSource = struct("core.v1.FlexVolumeSource", {
  driver: string(1).required(),
  fsType: string(2).doc("File system to mount as, such as ext4."),
  secretRef: ref(3, LocalObjectReference).doc("Secret with what is needed to log in."),
  readOnly: bool(4).doc("Only reading is allowed."),
  options: map(5, string),
});
export interface FlexVolumeSource extends Of<typeof FlexVolumeSource> {}

export const FlockerVolumeSource = struct("core.v1.FlockerVolumeSource", {
  datasetName: string(1),
  datasetUUID: string(2),
});
export interface FlockerVolumeSource extends Of<typeof FlockerVolumeSource> {}

export const GCEPersistentDiskVolumeSource = struct("core.v1.GCEPersistentDiskVolumeSource", {
  pdName: string(1).required(),
  fsType: string(2).doc("File system to mount as, such as ext4."),
  partition: int32(3),
  readOnly: bool(4).doc("Only reading is allowed."),
});
export interface GCEPersistentDiskVolumeSource extends Of<typeof GCEPersistentDiskVolumeSource> {}

export const GitRepoVolumeSource = struct("core.v1.GitRepoVolumeSource", {
  repository: string(1).required(),
  revision: string(2),
  directory: string(3),
});
export interface GitRepoVolumeSource extends Of<typeof GitRepoVolumeSource> {}

export const GlusterfsVolumeSource = struct("core.v1.GlusterfsVolumeSource", {
  endpoints: string(1).required(),
  path: string(2).required(),
  readOnly: bool(3).doc("Only reading is allowed."),
});
export interface GlusterfsVolumeSource extends Of<typeof GlusterfsVolumeSource> {}

export const HostPathVolumeSource = struct(
  "core.v1.HostPathVolumeSource",
  {
    path: string(1).required().notEmpty().doc("Path on the node."),
    type: string(2)
      .pointer()
      .oneOf(
        "",
        "DirectoryOrCreate",
        "Directory",
        "FileOrCreate",
        "File",
        "Socket",
        "CharDevice",
        "BlockDevice",
      )
      .default("")
      .doc("What must be there, or is made."),
  },
  {
    *validate({ path: target }, path) {
      yield* withoutClimbing(target, at(path, "path"));
    },
  },
);
export interface HostPathVolumeSource extends Of<typeof HostPathVolumeSource> {}

export const ISCSIVolumeSource = struct("core.v1.ISCSIVolumeSource", {
  targetPortal: string(1).required().notEmpty(),
  iqn: string(2).required().notEmpty(),
  lun: int32(3).required(),
  iscsiInterface: string(4).default("default"),
  fsType: string(5).doc("File system to mount as, such as ext4."),
  readOnly: bool(6).doc("Only reading is allowed."),
  portals: list(7, string).atomic(),
  chapAuthDiscovery: bool(8),
  chapAuthSession: bool(11),
  secretRef: ref(10, LocalObjectReference).doc("Secret with what is needed to log in."),
  initiatorName: string(12).pointer(),
});
export interface ISCSIVolumeSource extends Of<typeof ISCSIVolumeSource> {}

export const ImageVolumeSource = struct("core.v1.ImageVolumeSource", {
  reference: string(1),
  pullPolicy: string(2).oneOf("Always", "Never", "IfNotPresent"),
});
export interface ImageVolumeSource extends Of<typeof ImageVolumeSource> {}

export const NFSVolumeSource = struct(
  "core.v1.NFSVolumeSource",
  {
    server: string(1).required().notEmpty(),
    path: string(2).required().notEmpty(),
    readOnly: bool(3).doc("Only reading is allowed."),
  },
  {
    *validate({ path: target }, path) {
      if (target && !target.startsWith("/"))
        yield invalid(at(path, "path"), target, "must be an absolute path");
    },
  },
);
export interface NFSVolumeSource extends Of<typeof NFSVolumeSource> {}

export const PersistentVolumeClaimVolumeSource = struct("core.v1.PersistentVolumeClaimVolumeSource", {
  claimName: string(1).required().notEmpty().doc("The claim, in the pod's namespace."),
  readOnly: bool(2).doc("Only reading is allowed."),
});
export interface PersistentVolumeClaimVolumeSource extends Of<typeof PersistentVolumeClaimVolumeSource> {}

export const PhotonPersistentDiskVolumeSource = struct("core.v1.PhotonPersistentDiskVolumeSource", {
  pdID: string(1).required(),
  fsType: string(2).doc("File system to mount as, such as ext4."),
});
export interface PhotonPersistentDiskVolumeSource extends Of<typeof PhotonPersistentDiskVolumeSource> {}

export const PodCertificateProjection = struct("core.v1.PodCertificateProjection", {
  signerName: string(1).required().omitEmpty(),
  keyType: string(2).required().omitEmpty(),
  maxExpirationSeconds: int32(3).pointer(),
  credentialBundlePath: string(4),
  keyPath: string(5),
  certificateChainPath: string(6),
  userAnnotations: map(7, string),
});
export interface PodCertificateProjection extends Of<typeof PodCertificateProjection> {}

export const PortworxVolumeSource = struct("core.v1.PortworxVolumeSource", {
  volumeID: string(1).required(),
  fsType: string(2).doc("File system to mount as, such as ext4."),
  readOnly: bool(3).doc("Only reading is allowed."),
});
export interface PortworxVolumeSource extends Of<typeof PortworxVolumeSource> {}

export const SecretProjection = struct(
  "core.v1.SecretProjection",
  {
    localObjectReference: inline(1, LocalObjectReference),
    items: list(2, KeyToPath).atomic(),
    optional: bool(4).pointer().doc("Nothing is wrong when it is missing."),
  },
  {
    *validate({ name }, path) {
      if (!name) yield required(at(path, "name"));
    },
  },
);
export interface SecretProjection extends Of<typeof SecretProjection> {}

export const ServiceAccountTokenProjection = struct(
  "core.v1.ServiceAccountTokenProjection",
  {
    audience: string(1).doc("Who the token is for; by default the API server."),
    expirationSeconds: int64(2).pointer().default(3600).doc("Wanted lifetime; renewed before it ends."),
    path: string(3).required().notEmpty().doc("File below the mount."),
  },
  {
    *validate({ path: target, expirationSeconds }, path) {
      if (expirationSeconds < 600)
        yield invalid(
          at(path, "expirationSeconds"),
          expirationSeconds,
          "may not specify a duration less than 10 minutes",
        );
      if (expirationSeconds > 2 ** 32)
        yield invalid(
          at(path, "expirationSeconds"),
          expirationSeconds,
          "may not specify a duration larger than 2^32 seconds",
        );
      yield* volumeItemPath(target, at(path, "path"));
    },
  },
);
export interface ServiceAccountTokenProjection extends Of<typeof ServiceAccountTokenProjection> {}

const PROJECTIONS = [
  "secret",
  "downwardAPI",
  "configMap",
  "serviceAccountToken",
  "clusterTrustBundle",
  "podCertificate",
] as const;

export const VolumeProjection = struct(
  "core.v1.VolumeProjection",
  {
    secret: ref(1, SecretProjection),
    downwardAPI: ref(2, DownwardAPIProjection),
    configMap: ref(3, ConfigMapProjection),
    serviceAccountToken: ref(4, ServiceAccountTokenProjection),
    clusterTrustBundle: ref(5, ClusterTrustBundleProjection).gate("ClusterTrustBundleProjection"),
    podCertificate: ref(6, PodCertificateProjection).gate("PodCertificateRequest"),
  },
  {
    *validate(projection, path) {
      const [first, ...more] = setMembers(projection, PROJECTIONS);
      if (first === undefined) yield required(path, "must specify a volume type");
      for (const name of more) yield forbidden(at(path, name), "may not specify more than 1 volume type");
    },
  },
);
export interface VolumeProjection extends Of<typeof VolumeProjection> {}

/** No two sources may want the same file. */
function* projectedPathProblems(sources: readonly VolumeProjection[], path: string): Iterable<FieldProblem> {
  const taken = new Set<string>();
  for (const [index, { secret, configMap, downwardAPI, serviceAccountToken }] of sources.entries()) {
    const targets = [
      ...(secret?.items ?? []),
      ...(configMap?.items ?? []),
      ...(downwardAPI?.items ?? []),
    ].map(({ path: target }) => target);
    if (serviceAccountToken) targets.push(serviceAccountToken.path);
    for (const target of targets) {
      if (target !== "" && taken.has(target))
        yield invalid(item(path, index), target, "conflicting duplicate paths");
      taken.add(target);
    }
  }
}

export const ProjectedVolumeSource = struct(
  "core.v1.ProjectedVolumeSource",
  {
    sources: list(1, VolumeProjection).always().atomic().doc("What goes into the directory."),
    defaultMode: int32(2).pointer().default(420),
  },
  {
    *validate({ sources, defaultMode }, path) {
      yield* fileMode(at(path, "defaultMode"), defaultMode);
      yield* projectedPathProblems(sources ?? [], at(path, "sources"));
    },
  },
);
export interface ProjectedVolumeSource extends Of<typeof ProjectedVolumeSource> {}

export const QuobyteVolumeSource = struct("core.v1.QuobyteVolumeSource", {
  registry: string(1).required(),
  volume: string(2).required(),
  readOnly: bool(3).doc("Only reading is allowed."),
  user: string(4),
  group: string(5),
  tenant: string(6),
});
export interface QuobyteVolumeSource extends Of<typeof QuobyteVolumeSource> {}

export const RBDVolumeSource = struct("core.v1.RBDVolumeSource", {
  monitors: list(1, string).required().atomic(),
  image: string(2).required(),
  fsType: string(3).doc("File system to mount as, such as ext4."),
  pool: string(4).default("rbd"),
  user: string(5).default("admin"),
  keyring: string(6).default("/etc/ceph/keyring"),
  secretRef: ref(7, LocalObjectReference).doc("Secret with what is needed to log in."),
  readOnly: bool(8).doc("Only reading is allowed."),
});
export interface RBDVolumeSource extends Of<typeof RBDVolumeSource> {}

export const ScaleIOVolumeSource = struct("core.v1.ScaleIOVolumeSource", {
  gateway: string(1).required(),
  system: string(2).required(),
  secretRef: ref(3, LocalObjectReference).required().doc("Secret with what is needed to log in."),
  sslEnabled: bool(4),
  protectionDomain: string(5),
  storagePool: string(6),
  storageMode: string(7).default("ThinProvisioned"),
  volumeName: string(8),
  fsType: string(9).default("xfs").doc("File system to mount as, such as ext4."),
  readOnly: bool(10).doc("Only reading is allowed."),
});
export interface ScaleIOVolumeSource extends Of<typeof ScaleIOVolumeSource> {}

export const SecretVolumeSource = struct(
  "core.v1.SecretVolumeSource",
  {
    secretName: string(1).notEmpty().doc("The Secret, in the pod's namespace."),
    items: list(2, KeyToPath).atomic().doc("Keys that become files, and where; all of them when empty."),
    defaultMode: int32(3).pointer().default(420).doc("Mode bits of the files."),
    optional: bool(4).pointer().doc("Nothing is wrong when it is missing."),
  },
  {
    *validate({ defaultMode }, path) {
      yield* fileMode(at(path, "defaultMode"), defaultMode);
    },
  },
);
export interface SecretVolumeSource extends Of<typeof SecretVolumeSource> {}

export const StorageOSVolumeSource = struct("core.v1.StorageOSVolumeSource", {
  volumeName: string(1),
  volumeNamespace: string(2),
  fsType: string(3).doc("File system to mount as, such as ext4."),
  readOnly: bool(4).doc("Only reading is allowed."),
  secretRef: ref(5, LocalObjectReference).doc("Secret with what is needed to log in."),
});
export interface StorageOSVolumeSource extends Of<typeof StorageOSVolumeSource> {}

export const VsphereVirtualDiskVolumeSource = struct("core.v1.VsphereVirtualDiskVolumeSource", {
  volumePath: string(1).required(),
  fsType: string(2).doc("File system to mount as, such as ext4."),
  storagePolicyName: string(3),
  storagePolicyID: string(4),
});
export interface VsphereVirtualDiskVolumeSource extends Of<typeof VsphereVirtualDiskVolumeSource> {}

export const VolumeSource = struct("core.v1.VolumeSource", {
  hostPath: ref(1, HostPathVolumeSource).doc("A file or directory of the node."),
  emptyDir: ref(2, EmptyDirVolumeSource).doc("A directory that lives as long as the pod."),
  gcePersistentDisk: ref(3, GCEPersistentDiskVolumeSource),
  awsElasticBlockStore: ref(4, AWSElasticBlockStoreVolumeSource),
  gitRepo: ref(5, GitRepoVolumeSource),
  secret: ref(6, SecretVolumeSource).doc("The keys of a Secret as files."),
  nfs: ref(7, NFSVolumeSource).doc("A directory of an NFS server."),
  iscsi: ref(8, ISCSIVolumeSource),
  glusterfs: ref(9, GlusterfsVolumeSource),
  persistentVolumeClaim: ref(10, PersistentVolumeClaimVolumeSource).doc("The volume of a claim."),
  rbd: ref(11, RBDVolumeSource),
  flexVolume: ref(12, FlexVolumeSource),
  cinder: ref(13, CinderVolumeSource),
  cephfs: ref(14, CephFSVolumeSource),
  flocker: ref(15, FlockerVolumeSource),
  downwardAPI: ref(16, DownwardAPIVolumeSource).doc("Facts about the pod as files."),
  fc: ref(17, FCVolumeSource),
  azureFile: ref(18, AzureFileVolumeSource),
  configMap: ref(19, ConfigMapVolumeSource).doc("The keys of a ConfigMap as files."),
  vsphereVolume: ref(20, VsphereVirtualDiskVolumeSource),
  quobyte: ref(21, QuobyteVolumeSource),
  azureDisk: ref(22, AzureDiskVolumeSource),
  photonPersistentDisk: ref(23, PhotonPersistentDiskVolumeSource),
  projected: ref(26, ProjectedVolumeSource).doc("Several sources in one directory."),
  portworxVolume: ref(24, PortworxVolumeSource),
  scaleIO: ref(25, ScaleIOVolumeSource),
  storageos: ref(27, StorageOSVolumeSource),
  csi: ref(28, CSIVolumeSource).doc("A volume that a CSI driver makes for the pod."),
  ephemeral: ref(29, EphemeralVolumeSource).doc("A claim that lives as long as the pod."),
  image: ref(30, ImageVolumeSource).gate("ImageVolume").doc("The files of an image."),
});
export interface VolumeSource extends Of<typeof VolumeSource> {}

const SOURCES = Object.keys(VolumeSource.fields) as readonly (keyof VolumeSource & string)[];

export const Volume = struct(
  "core.v1.Volume",
  {
    name: string(1).required().notEmpty().format("dns-label").doc("Name by which containers mount it."),
    volumeSource: inline(2, VolumeSource),
  },
  {
    *validate(volume, path) {
      const [first, ...more] = setMembers(volume, SOURCES);
      if (first === undefined) yield required(path, "must specify a volume type");
      for (const name of more) yield forbidden(at(path, name), "may not specify more than 1 volume type");
      if (volume.image && !volume.image.reference) yield required(at(path, "image.reference"));
    },
  },
);
export interface Volume extends Of<typeof Volume> {}
