import { fileMode, setMembers } from "#api/checks";
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
import { descendingPath, volumeItemPath, withoutClimbing } from "./paths.ts";
import {
  azureDiskProblems,
  fibreChannelProblems,
  flexOptionProblems,
  flockerProblems,
  iscsiProblems,
  partitionProblems,
  quobyteProblems,
  secretRefProblems,
  storageOsProblems,
} from "./volume-rules.ts";
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

export const AWSElasticBlockStoreVolumeSource = struct(
  "core.v1.AWSElasticBlockStoreVolumeSource",
  {
    volumeID: string(1).required().notEmpty().doc("Identity of the disk."),
    fsType: string(2).doc("File system to mount as, such as ext4."),
    partition: int32(3).doc("Partition to mount; without it the whole disk."),
    readOnly: bool(4).doc("Only reading is allowed."),
  },
  {
    *validate({ partition }, path) {
      yield* partitionProblems(partition, path);
    },
  },
);
export interface AWSElasticBlockStoreVolumeSource extends Of<typeof AWSElasticBlockStoreVolumeSource> {}

export const AzureDiskVolumeSource = struct(
  "core.v1.AzureDiskVolumeSource",
  {
    diskName: string(1).required().notEmpty().doc("Name of the disk."),
    diskURI: string(2).required().notEmpty().doc("Address of the disk."),
    cachingMode: string(3)
      .pointer()
      .oneOf("None", "ReadOnly", "ReadWrite")
      .default("ReadWrite")
      .doc("None, ReadOnly or ReadWrite."),
    fsType: string(4).pointer().default("ext4").doc("File system to mount as, such as ext4."),
    readOnly: bool(5).pointer().default(false).doc("Only reading is allowed."),
    kind: string(6)
      .pointer()
      .oneOf("Shared", "Dedicated", "Managed")
      .default("Shared")
      .doc("Shared, Dedicated or Managed."),
  },
  {
    *validate(disk, path) {
      yield* azureDiskProblems(disk, path);
    },
  },
);
export interface AzureDiskVolumeSource extends Of<typeof AzureDiskVolumeSource> {}

export const AzureFileVolumeSource = struct("core.v1.AzureFileVolumeSource", azureFileFields);
export interface AzureFileVolumeSource extends Of<typeof AzureFileVolumeSource> {}

export const CSIVolumeSource = struct(
  "core.v1.CSIVolumeSource",
  {
    driver: string(1).required().doc("Name of the driver."),
    readOnly: bool(2).pointer().doc("Only reading is allowed."),
    fsType: string(3).pointer().doc("File system to mount as, such as ext4."),
    volumeAttributes: map(4, string).doc("What the driver needs to know of the volume."),
    nodePublishSecretRef: ref(5, LocalObjectReference).doc("Secret for mounting into the pod."),
  },
  {
    *validate({ driver, nodePublishSecretRef }, path) {
      yield* driverName(at(path, "driver"), driver);
      yield* secretRefProblems(nodePublishSecretRef, at(path, "nodePublishSecretRef"));
    },
  },
);
export interface CSIVolumeSource extends Of<typeof CSIVolumeSource> {}

export const CephFSVolumeSource = struct("core.v1.CephFSVolumeSource", cephFsFields(LocalObjectReference));
export interface CephFSVolumeSource extends Of<typeof CephFSVolumeSource> {}

export const CinderVolumeSource = struct("core.v1.CinderVolumeSource", cinderFields(LocalObjectReference), {
  *validate({ secretRef }, path) {
    yield* secretRefProblems(secretRef, at(path, "secretRef"));
  },
});
export interface CinderVolumeSource extends Of<typeof CinderVolumeSource> {}

export const ClusterTrustBundleProjection = struct("core.v1.ClusterTrustBundleProjection", {
  name: string(1).pointer().doc("Name of one bundle."),
  signerName: string(2).pointer().doc("Signer whose bundles are shown together."),
  labelSelector: ref(3, LabelSelector).doc("Objects that it is about."),
  optional: bool(5).pointer().doc("Nothing is wrong when it is missing."),
  path: string(4).required().doc("Path of the file in the volume."),
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
    items: list(2, KeyToPath).atomic().doc("Keys to show, and the files they go to; all keys without it."),
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
    path: string(1).required().notEmpty().doc("Path of the file in the volume."),
    fieldRef: ref(2, ObjectFieldSelector).doc("Field of the pod that the file shows."),
    resourceFieldRef: ref(3, ResourceFieldSelector).doc(
      "Request or limit of a container that the file shows.",
    ),
    mode: int32(4).pointer().doc("Permission bits of the file."),
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
  items: list(1, DownwardAPIVolumeFile).atomic().doc("Files to show."),
});
export interface DownwardAPIProjection extends Of<typeof DownwardAPIProjection> {}

export const DownwardAPIVolumeSource = struct(
  "core.v1.DownwardAPIVolumeSource",
  {
    items: list(1, DownwardAPIVolumeFile).atomic().doc("Files of the volume."),
    defaultMode: int32(2)
      .pointer()
      .default(420)
      .doc("Permission bits of files without their own; 0644 by default."),
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
  volumeClaimTemplate: ref(1, PersistentVolumeClaimTemplate)
    .notEmpty()
    .doc("Claim that is made with the pod and goes with it."),
});
export interface EphemeralVolumeSource extends Of<typeof EphemeralVolumeSource> {}

export const FCVolumeSource = struct(
  "core.v1.FCVolumeSource",
  {
    targetWWNs: list(1, string).atomic().doc("World wide names of the targets."),
    lun: int32(2).pointer().doc("Number of the unit."),
    fsType: string(3).doc("File system to mount as, such as ext4."),
    readOnly: bool(4).doc("Only reading is allowed."),
    wwids: list(5, string).atomic().doc("World wide identities of the volume, in place of targets and unit."),
  },
  {
    *validate(source, path) {
      yield* fibreChannelProblems(source, path);
    },
  },
);
export interface FCVolumeSource extends Of<typeof FCVolumeSource> {}

export const FlexVolumeSource = struct("core.v1.FlexVolumeSource", flexFields(LocalObjectReference), {
  *validate({ options }, path) {
    yield* flexOptionProblems(options, path);
  },
});
export interface FlexVolumeSource extends Of<typeof FlexVolumeSource> {}

export const FlockerVolumeSource = struct(
  "core.v1.FlockerVolumeSource",
  {
    datasetName: string(1).doc("Name of the dataset."),
    datasetUUID: string(2).doc("Identity of the dataset."),
  },
  {
    *validate(source, path) {
      yield* flockerProblems(source, path);
    },
  },
);
export interface FlockerVolumeSource extends Of<typeof FlockerVolumeSource> {}

export const GCEPersistentDiskVolumeSource = struct(
  "core.v1.GCEPersistentDiskVolumeSource",
  {
    pdName: string(1).required().notEmpty().doc("Name of the disk."),
    fsType: string(2).doc("File system to mount as, such as ext4."),
    partition: int32(3).doc("Partition to mount; without it the whole disk."),
    readOnly: bool(4).doc("Only reading is allowed."),
  },
  {
    *validate({ partition }, path) {
      yield* partitionProblems(partition, path);
    },
  },
);
export interface GCEPersistentDiskVolumeSource extends Of<typeof GCEPersistentDiskVolumeSource> {}

export const GitRepoVolumeSource = struct(
  "core.v1.GitRepoVolumeSource",
  {
    repository: string(1).required().notEmpty().doc("Address of the repository."),
    revision: string(2).doc("Commit that is checked out."),
    directory: string(3).doc("Directory that the clone goes to."),
  },
  {
    *validate({ directory = "" }, path) {
      yield* descendingPath(directory, at(path, "directory"));
    },
  },
);
export interface GitRepoVolumeSource extends Of<typeof GitRepoVolumeSource> {}

export const GlusterfsVolumeSource = struct("core.v1.GlusterfsVolumeSource", glusterfsFields);
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

export const ISCSIVolumeSource = struct("core.v1.ISCSIVolumeSource", iscsiFields(LocalObjectReference), {
  *validate(source, path) {
    yield* iscsiProblems(source, path);
  },
});
export interface ISCSIVolumeSource extends Of<typeof ISCSIVolumeSource> {}

export const ImageVolumeSource = struct("core.v1.ImageVolumeSource", {
  reference: string(1).doc("Image or artifact whose files are mounted."),
  pullPolicy: string(2).oneOf("Always", "Never", "IfNotPresent").doc("Always, IfNotPresent or Never."),
});
export interface ImageVolumeSource extends Of<typeof ImageVolumeSource> {}

export const NFSVolumeSource = struct(
  "core.v1.NFSVolumeSource",
  {
    server: string(1).required().notEmpty().doc("Name or address of the server."),
    path: string(2).required().notEmpty().doc("Directory that the server exports."),
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
  pdID: string(1).required().notEmpty().doc("Identity of the disk."),
  fsType: string(2).doc("File system to mount as, such as ext4."),
});
export interface PhotonPersistentDiskVolumeSource extends Of<typeof PhotonPersistentDiskVolumeSource> {}

export const PodCertificateProjection = struct("core.v1.PodCertificateProjection", {
  signerName: string(1).required().omitEmpty().doc("Signer that is asked for the certificate."),
  keyType: string(2).required().omitEmpty().doc("Type of the key, such as ED25519 or RSA3072."),
  maxExpirationSeconds: int32(3).pointer().doc("Longest life of the certificate in seconds."),
  credentialBundlePath: string(4).doc("File of key and certificate chain together."),
  keyPath: string(5).doc("File of the key."),
  certificateChainPath: string(6).doc("File of the certificate chain."),
  userAnnotations: map(7, string).doc("What is passed on to the signer."),
});
export interface PodCertificateProjection extends Of<typeof PodCertificateProjection> {}

export const PortworxVolumeSource = struct("core.v1.PortworxVolumeSource", {
  volumeID: string(1).required().notEmpty().doc("Identity of the volume."),
  fsType: string(2).doc("File system to mount as, such as ext4."),
  readOnly: bool(3).doc("Only reading is allowed."),
});
export interface PortworxVolumeSource extends Of<typeof PortworxVolumeSource> {}

export const SecretProjection = struct(
  "core.v1.SecretProjection",
  {
    localObjectReference: inline(1, LocalObjectReference),
    items: list(2, KeyToPath).atomic().doc("Keys to show, and the files they go to; all keys without it."),
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
    secret: ref(1, SecretProjection).doc("Files from a secret."),
    downwardAPI: ref(2, DownwardAPIProjection).doc("Files from fields of the pod."),
    configMap: ref(3, ConfigMapProjection).doc("Files from a ConfigMap."),
    serviceAccountToken: ref(4, ServiceAccountTokenProjection).doc("Token of the pod's service account."),
    clusterTrustBundle: ref(5, ClusterTrustBundleProjection)
      .gate("ClusterTrustBundleProjection")
      .doc("Certificates that the cluster trusts."),
    podCertificate: ref(6, PodCertificateProjection)
      .gate("PodCertificateRequest")
      .doc("Key and certificate of the pod."),
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
    defaultMode: int32(2)
      .pointer()
      .default(420)
      .doc("Permission bits of files without their own; 0644 by default."),
  },
  {
    *validate({ sources, defaultMode }, path) {
      yield* fileMode(at(path, "defaultMode"), defaultMode);
      yield* projectedPathProblems(sources ?? [], at(path, "sources"));
    },
  },
);
export interface ProjectedVolumeSource extends Of<typeof ProjectedVolumeSource> {}

export const QuobyteVolumeSource = struct(
  "core.v1.QuobyteVolumeSource",
  {
    registry: string(1).required().doc("Registries of Quobyte, host:port with commas between."),
    volume: string(2).required().notEmpty().doc("Name of the volume."),
    readOnly: bool(3).doc("Only reading is allowed."),
    user: string(4).doc("User that the volume is mounted as."),
    group: string(5).doc("Group that the volume is mounted as."),
    tenant: string(6).doc("Tenant that owns the volume."),
  },
  {
    *validate(source, path) {
      yield* quobyteProblems(source, path);
    },
  },
);
export interface QuobyteVolumeSource extends Of<typeof QuobyteVolumeSource> {}

export const RBDVolumeSource = struct("core.v1.RBDVolumeSource", rbdFields(LocalObjectReference));
export interface RBDVolumeSource extends Of<typeof RBDVolumeSource> {}

export const ScaleIOVolumeSource = struct("core.v1.ScaleIOVolumeSource", scaleIoFields(LocalObjectReference));
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

export const StorageOSVolumeSource = struct(
  "core.v1.StorageOSVolumeSource",
  storageOsFields(LocalObjectReference),
  {
    *validate(source, path) {
      yield* storageOsProblems(source, path);
      yield* secretRefProblems(source.secretRef, at(path, "secretRef"));
    },
  },
);
export interface StorageOSVolumeSource extends Of<typeof StorageOSVolumeSource> {}

export const VsphereVirtualDiskVolumeSource = struct("core.v1.VsphereVirtualDiskVolumeSource", {
  volumePath: string(1).required().notEmpty().doc("Path of the disk."),
  fsType: string(2).doc("File system to mount as, such as ext4."),
  storagePolicyName: string(3).doc("Name of the storage policy."),
  storagePolicyID: string(4).doc("Identity of the storage policy."),
});
export interface VsphereVirtualDiskVolumeSource extends Of<typeof VsphereVirtualDiskVolumeSource> {}

export const VolumeSource = struct("core.v1.VolumeSource", {
  hostPath: ref(1, HostPathVolumeSource).doc("A file or directory of the node."),
  emptyDir: ref(2, EmptyDirVolumeSource).doc("A directory that lives as long as the pod."),
  gcePersistentDisk: ref(3, GCEPersistentDiskVolumeSource).doc("Disk of Google Compute Engine."),
  awsElasticBlockStore: ref(4, AWSElasticBlockStoreVolumeSource).doc("Disk of Amazon EC2."),
  gitRepo: ref(5, GitRepoVolumeSource).doc("No longer served by nodes: a clone of a repository."),
  secret: ref(6, SecretVolumeSource).doc("The keys of a Secret as files."),
  nfs: ref(7, NFSVolumeSource).doc("A directory of an NFS server."),
  iscsi: ref(8, ISCSIVolumeSource).doc("Disk over iSCSI."),
  glusterfs: ref(9, GlusterfsVolumeSource).doc("Volume of GlusterFS."),
  persistentVolumeClaim: ref(10, PersistentVolumeClaimVolumeSource).doc("The volume of a claim."),
  rbd: ref(11, RBDVolumeSource).doc("Block device of Ceph."),
  flexVolume: ref(12, FlexVolumeSource).doc("Volume of a Flex driver."),
  cinder: ref(13, CinderVolumeSource).doc("Volume of OpenStack."),
  cephfs: ref(14, CephFSVolumeSource).doc("File system of Ceph."),
  flocker: ref(15, FlockerVolumeSource).doc("Dataset of Flocker."),
  downwardAPI: ref(16, DownwardAPIVolumeSource).doc("Facts about the pod as files."),
  fc: ref(17, FCVolumeSource).doc("Disk over Fibre Channel."),
  azureFile: ref(18, AzureFileVolumeSource).doc("File share of Azure."),
  configMap: ref(19, ConfigMapVolumeSource).doc("The keys of a ConfigMap as files."),
  vsphereVolume: ref(20, VsphereVirtualDiskVolumeSource).doc("Disk of vSphere."),
  quobyte: ref(21, QuobyteVolumeSource).doc("Volume of Quobyte."),
  azureDisk: ref(22, AzureDiskVolumeSource).doc("Disk of Azure."),
  photonPersistentDisk: ref(23, PhotonPersistentDiskVolumeSource).doc("Disk of Photon."),
  projected: ref(26, ProjectedVolumeSource).doc("Several sources in one directory."),
  portworxVolume: ref(24, PortworxVolumeSource).doc("Volume of Portworx."),
  scaleIO: ref(25, ScaleIOVolumeSource).doc("Volume of ScaleIO."),
  storageos: ref(27, StorageOSVolumeSource).doc("Volume of StorageOS."),
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
