import { type KeyObject, X509Certificate, createPublicKey } from "node:crypto";
import { systemRandom, type Random } from "#base/random";
import {
  type CertificateFacts,
  type Issuer,
  type Subject,
  certificateToPem,
  keyFromPem,
  keyIdOf,
  keyToPem,
  nameOf,
  newKey,
  publicKeyInfo,
  writeCertificate,
} from "./certificate.ts";

/** A certificate and its private key, both PEM, as TLS wants them. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** What is to be issued; the authority adds the times. */
export interface CertificateRequestFacts extends Pick<
  CertificateFacts,
  "subject" | "names" | "usages" | "extendedUsages"
> {
  readonly lifetimeMs: number;
}

const DAY_MS = 24 * 3600 * 1000;
const AUTHORITY_LIFETIME_MS = 10 * 365 * DAY_MS;

/** Clocks of other machines may be this far behind. */
const SKEW_MS = 5 * 60 * 1000;

/** A certificate authority: a self-signed certificate, and the key that signs others. */
export class CertificateAuthority {
  readonly certificate: string;
  readonly parsed: X509Certificate;
  readonly #key: KeyObject;
  readonly #issuer: Issuer;
  readonly #random: Random;

  /** `certificate` and `key` are PEM. Throws when they do not belong together. */
  constructor({ certificate, key }: KeyPair, random: Random = systemRandom) {
    this.certificate = certificate;
    this.parsed = new X509Certificate(certificate);
    this.#key = keyFromPem(key);
    this.#random = random;
    if (!this.parsed.ca || !this.parsed.checkPrivateKey(this.#key)) {
      throw new Error("the certificate is no authority's, or the key is another one's");
    }
    const commonName = subjectField(this.parsed, "CN")[0] ?? "";
    this.#issuer = {
      name: nameOf({ commonName, organizations: subjectField(this.parsed, "O") }),
      key: this.#key,
      keyId: keyIdOf(publicKeyInfo(createPublicKey(this.#key))),
    };
  }

  static create(subject: Subject, nowMs: number, random: Random = systemRandom): KeyPair {
    const key = newKey();
    const publicKey = publicKeyInfo(createPublicKey(key));
    const facts: CertificateFacts = {
      subject,
      // Clients that look at names only expect one even here.
      names: { dns: [subject.commonName], addresses: [] },
      authority: true,
      usages: ["digital signature", "key encipherment", "cert sign"],
      notBeforeMs: nowMs - SKEW_MS,
      notAfterMs: nowMs + AUTHORITY_LIFETIME_MS,
    };
    const issuer = { name: nameOf(subject), key, keyId: keyIdOf(publicKey) };
    const certificate = certificateToPem(writeCertificate(facts, publicKey, issuer, random));
    return { certificate, key: keyToPem(key) };
  }

  /** A new key and its certificate. */
  issue(facts: CertificateRequestFacts, nowMs: number): KeyPair {
    const key = newKey();
    const certificate = this.sign(facts, publicKeyInfo(createPublicKey(key)), nowMs);
    return { certificate, key: keyToPem(key) };
  }

  /** A certificate (PEM) for somebody else's key, given as SubjectPublicKeyInfo. Never outlives the authority. */
  sign({ lifetimeMs, ...facts }: CertificateRequestFacts, publicKey: Uint8Array, nowMs: number): string {
    const notAfterMs = Math.min(nowMs + lifetimeMs, this.parsed.validToDate.getTime());
    const times = { notBeforeMs: nowMs - SKEW_MS, notAfterMs };
    return certificateToPem(writeCertificate({ ...facts, ...times }, publicKey, this.#issuer, this.#random));
  }

  /** Did this authority sign it? */
  signed(certificate: X509Certificate): boolean {
    return certificate.checkIssued(this.parsed) && certificate.verify(this.parsed.publicKey);
  }
}

/** All values of one attribute of the subject, such as `O`. */
export function subjectField(certificate: X509Certificate, attribute: string): string[] {
  // Node's types know only text here; a repeated attribute is a list.
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, string | string[]>;
  const found = Object.hasOwn(subject, attribute) ? subject[attribute] : undefined;
  if (found === undefined) return [];
  return Array.isArray(found) ? found : [found];
}
