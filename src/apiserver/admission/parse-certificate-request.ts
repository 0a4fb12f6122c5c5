/** A file of its own, as its library is large and seldom needed: whoever needs it loads this file. */
import "reflect-metadata";
import { Pkcs10CertificateRequest, SubjectAlternativeNameExtension } from "@peculiar/x509";
import type { CertificateRequest } from "./certificate-request.ts";

const SUBJECT_ALT_NAME = "2.5.29.17";

/** Throws when it is no request, or not signed by the key it is about. */
export async function parseCertificateRequest(pem: string): Promise<CertificateRequest> {
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
