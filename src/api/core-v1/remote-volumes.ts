/**
 * The fields of volumes that come from elsewhere than the node. Those of pods and of persistent volumes are alike but for
 * the struct that names the `secret`: a pod's is in its own namespace, a persistent volume says in which.
 */
import { bool, int32, list, map, ref, string, type StructOf } from "#machinery/schema";

export const azureFileFields = {
  secretName: string(1).required().notEmpty().doc("Secret with the account's name and key."),
  shareName: string(2).required().notEmpty().doc("Name of the share."),
  readOnly: bool(3).doc("Only reading is allowed."),
};

export const cephFsFields = <T>(secret: StructOf<T>) => ({
  monitors: list(1, string).required().atomic().notEmpty().doc("Monitors of the cluster."),
  path: string(2).doc("Directory that is mounted as the root."),
  user: string(3).doc("User to be there."),
  secretFile: string(4).doc("Path of the user's key ring."),
  secretRef: ref(5, secret).doc("Secret with what is needed to log in."),
  readOnly: bool(6).doc("Only reading is allowed."),
});

export const cinderFields = <T>(secret: StructOf<T>) => ({
  volumeID: string(1).required().notEmpty().doc("Identity of the volume."),
  fsType: string(2).doc("File system to mount as, such as ext4."),
  readOnly: bool(3).doc("Only reading is allowed."),
  secretRef: ref(4, secret).doc("Secret with what is needed to log in."),
});

export const flexFields = <T>(secret: StructOf<T>) => ({
  driver: string(1).required().notEmpty().doc("Name of the driver."),
  fsType: string(2).doc("File system to mount as, such as ext4."),
  secretRef: ref(3, secret).doc("Secret with what is needed to log in."),
  readOnly: bool(4).doc("Only reading is allowed."),
  options: map(5, string).doc("Settings for the driver."),
});

export const glusterfsFields = {
  endpoints: string(1).required().notEmpty().doc("Endpoints object with the servers."),
  path: string(2).required().notEmpty().doc("Name of the volume."),
  readOnly: bool(3).doc("Only reading is allowed."),
};

export const iscsiFields = <T>(secret: StructOf<T>) => ({
  targetPortal: string(1)
    .required()
    .notEmpty()
    .doc("Address of the target, with its port unless it is 3260."),
  iqn: string(2).required().notEmpty().doc("Qualified name of the target."),
  lun: int32(3).required().doc("Number of the unit."),
  iscsiInterface: string(4).default("default").doc("Interface that speaks to the target."),
  fsType: string(5).doc("File system to mount as, such as ext4."),
  readOnly: bool(6).doc("Only reading is allowed."),
  portals: list(7, string).atomic().doc("Further addresses of the target."),
  chapAuthDiscovery: bool(8).doc("Discovery is authenticated by CHAP."),
  chapAuthSession: bool(11).doc("Sessions are authenticated by CHAP."),
  secretRef: ref(10, secret).doc("Secret with what is needed to log in."),
  initiatorName: string(12).pointer().doc("Name of this side, in place of the interface's."),
});

export const rbdFields = <T>(secret: StructOf<T>) => ({
  monitors: list(1, string).required().atomic().notEmpty().doc("Monitors of the cluster."),
  image: string(2).required().notEmpty().doc("Name of the image."),
  fsType: string(3).doc("File system to mount as, such as ext4."),
  pool: string(4).default("rbd").doc("Pool of the image."),
  user: string(5).default("admin").doc("User to be there."),
  keyring: string(6).default("/etc/ceph/keyring").doc("Path of the user's key ring."),
  secretRef: ref(7, secret).doc("Secret with what is needed to log in."),
  readOnly: bool(8).doc("Only reading is allowed."),
});

export const scaleIoFields = <T>(secret: StructOf<T>) => ({
  gateway: string(1).required().notEmpty().doc("Address of the gateway."),
  system: string(2).required().notEmpty().doc("Name of the storage system."),
  secretRef: ref(3, secret).required().doc("Secret with what is needed to log in."),
  sslEnabled: bool(4).doc("The gateway is spoken to by TLS."),
  protectionDomain: string(5).doc("Protection domain of the storage."),
  storagePool: string(6).doc("Pool of the storage."),
  storageMode: string(7).default("ThinProvisioned").doc("ThickProvisioned or ThinProvisioned."),
  volumeName: string(8).notEmpty().doc("Name of the volume."),
  fsType: string(9).default("xfs").doc("File system to mount as, such as ext4."),
  readOnly: bool(10).doc("Only reading is allowed."),
});

export const storageOsFields = <T>(secret: StructOf<T>) => ({
  volumeName: string(1).doc("Name of the volume."),
  volumeNamespace: string(2).doc("Namespace of the volume in StorageOS."),
  fsType: string(3).doc("File system to mount as, such as ext4."),
  readOnly: bool(4).doc("Only reading is allowed."),
  secretRef: ref(5, secret).doc("Secret with what is needed to log in."),
});
