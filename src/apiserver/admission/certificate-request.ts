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

const SUBJECT_ALT_NAME = "2.5.29.17";

/** `pem` as text. Throws when it is no request, or not signed by the key it is about. */
export async function readCertificateRequest(pem: string): Promise<CertificateRequest> {
  // Loaded with the first request: a server that has just started has none to look at.
  await import("reflect-metadata");
  const { Pkcs10CertificateRequest, SubjectAlternativeNameExtension } = await import("@peculiar/x509");
  const request = new Pkcs10CertificateRequest(pem);
  if (!(await request.verify())) throw new Error("the request is not signed by its own key");
  const extension = request.getExtension(SUBJECT_ALT_NAME);
  const names = extension ? new SubjectAlternativeNameExtension(extension.rawData).names.items : [];
  const ofType = (...types: readonly string[]) =>
    names.filter(({ type }) => types.includes(type)).map(({ value }) => value);
  return {
    publicKey: new Uint8Array(request.publicKey.rawData),
    commonName: request.subjectName.getField("CN")[0] ?? "",
    organizations: request.subjectName.getField("O"),
    dns: ofType("dns"),
    addresses: ofType("ip"),
    others: names.filter(({ type }) => type !== "dns" && type !== "ip").map(({ value }) => value),
  };
}
