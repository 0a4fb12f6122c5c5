/** Reads certificate signing requests (PKCS#10) that come from outside. */

interface RequestedSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dns: readonly string[];
  readonly addresses: readonly string[];
  /** Names of other sorts, which no signer of the cluster accepts. */
  readonly others: readonly string[];
}

export interface CertificateRequest extends RequestedSubject {
  /** SubjectPublicKeyInfo of the key that is to be certified. */
  readonly publicKey: Uint8Array;
}

/** `pem` as text. Throws when it is no request, or not signed by the key it is about. */
export async function readCertificateRequest(pem: string): Promise<CertificateRequest> {
  // Loaded with the first request: a server that has just started has none to look at.
  const { parseCertificateRequest } = await import("./parse-certificate-request.ts");
  return parseCertificateRequest(pem);
}
