/** KMS v2: what a key management plugin is asked, and what is kept beside a value that its key protects. */
import { bytes, int32, map, rawBytes, string, struct, type Of } from "#machinery/schema";
import { method } from "#store/etcd/method";

export const StatusRequest = struct("v2.StatusRequest", {});

export const StatusResponse = struct("v2.StatusResponse", {
  version: string(1).always(),
  healthz: string(2).always(),
  keyId: string(3).always(),
});

export const EncryptRequest = struct("v2.EncryptRequest", {
  plaintext: rawBytes(1).always(),
  uid: string(2).always(),
});

export const EncryptResponse = struct("v2.EncryptResponse", {
  ciphertext: rawBytes(1).always(),
  keyId: string(2).always(),
  annotations: map(3, bytes).always(),
});

export const DecryptRequest = struct("v2.DecryptRequest", {
  ciphertext: rawBytes(1).always(),
  uid: string(2).always(),
  keyId: string(3).always(),
  annotations: map(4, bytes).always(),
});

export const DecryptResponse = struct("v2.DecryptResponse", { plaintext: rawBytes(1).always() });

const SERVICE = "/v2.KeyManagementService";
export const kmsStatus = method(`${SERVICE}/Status`, StatusRequest, StatusResponse);
export const kmsEncrypt = method(`${SERVICE}/Encrypt`, EncryptRequest, EncryptResponse);
export const kmsDecrypt = method(`${SERVICE}/Decrypt`, DecryptRequest, DecryptResponse);

/** How `encryptedData` came to be: by the decrypted source as it is, or by a key derived from it for every value. */
export const SOURCE_IS_KEY = 0;
export const SOURCE_IS_SEED = 1;

export const EncryptedObject = struct("v2.EncryptedObject", {
  encryptedData: rawBytes(1).always(),
  keyId: string(2).always(),
  encryptedDekSource: rawBytes(3).always(),
  annotations: map(4, bytes).always(),
  encryptedDekSourceType: int32(5).always(),
});
export interface EncryptedObject extends Of<typeof EncryptedObject> {}
