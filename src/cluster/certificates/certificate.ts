/** Writes X.509 certificates: a few known shapes, encoded here and signed by OpenSSL through node:crypto. */
import { type KeyObject, createHash, createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { isIP } from "node:net";
import type { Random } from "#base/random";
import {
  TAG,
  bitString,
  bool,
  moment,
  objectId,
  octetString,
  positiveInteger,
  sequence,
  setOf,
  text,
  tlv,
} from "./der.ts";
import { addressBytes } from "./address.ts";

export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

/** The names a server answers to. */
export interface SubjectNames {
  readonly dns: readonly string[];
  readonly addresses: readonly string[];
}

export type KeyUsage = "digital signature" | "key encipherment" | "cert sign" | "crl sign";
export type ExtendedUsage = "server auth" | "client auth";

/** What a certificate says. Times are epoch milliseconds. */
export interface CertificateFacts {
  readonly subject: Subject;
  readonly names?: SubjectNames;
  readonly authority?: boolean;
  readonly usages: readonly KeyUsage[];
  readonly extendedUsages?: readonly ExtendedUsage[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface Issuer {
  /** DER of the issuer's name, as in its certificate. */
  readonly name: Uint8Array;
  readonly key: KeyObject;
  /** Of the issuer's key; absent when the certificate signs itself. */
  readonly keyId: Uint8Array;
}

const OID = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  sha256WithRsa: "1.2.840.113549.1.1.11",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extKeyUsage: "2.5.29.37",
} as const;

const EXTENDED_USAGE: Record<ExtendedUsage, string> = {
  "server auth": "1.3.6.1.5.5.7.3.1",
  "client auth": "1.3.6.1.5.5.7.3.2",
};

/** Bit numbers of RFC 5280, counted from the most significant bit. */
const KEY_USAGE: Record<KeyUsage, number> = {
  "digital signature": 0,
  "key encipherment": 2,
  "cert sign": 5,
  "crl sign": 6,
};

const SERIAL_BYTES = 16;

/** A new ECDSA P-256 key. */
export const newKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

export const keyToPem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
export const keyFromPem = (pem: string): KeyObject => createPrivateKey(pem);

/** The certificate as DER. `publicKey` is a SubjectPublicKeyInfo. */
export function writeCertificate(
  facts: CertificateFacts,
  publicKey: Uint8Array,
  issuer: Issuer,
  random: Random,
): Uint8Array {
  const algorithm = signatureAlgorithm(issuer.key);
  const body = sequence(
    tlv(0xa0, positiveInteger(Uint8Array.of(2))),
    positiveInteger(serial(random)),
    algorithm,
    issuer.name,
    sequence(moment(facts.notBeforeMs), moment(facts.notAfterMs)),
    nameOf(facts.subject),
    publicKey,
    tlv(0xa3, sequence(...extensions(facts, keyIdOf(publicKey), issuer.keyId))),
  );
  return sequence(body, algorithm, bitString(sign("sha256", body, issuer.key)));
}

export function certificateToPem(der: Uint8Array): string {
  const lines = der.toBase64().match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

export const publicKeyInfo = (key: KeyObject): Uint8Array => key.export({ type: "spki", format: "der" });

/** The key identifier that certificates refer to: a hash of the public key. */
export const keyIdOf = (publicKey: Uint8Array): Uint8Array =>
  createHash("sha256").update(publicKey).digest().subarray(0, 20);

/** DER of a distinguished name, in the order that Go's library writes. */
export const nameOf = ({ organizations = [], commonName }: Subject): Uint8Array =>
  sequence(
    ...(organizations.length > 0
      ? [setOf(...organizations.map((organization) => attribute(OID.organization, organization)))]
      : []),
    ...(commonName === "" ? [] : [setOf(attribute(OID.commonName, commonName))]),
  );

const attribute = (oid: string, value: string): Uint8Array =>
  sequence(
    objectId(oid),
    text(/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value) ? TAG.printableString : TAG.utf8String, value),
  );

function signatureAlgorithm(key: KeyObject): Uint8Array {
  return key.asymmetricKeyType === "rsa"
    ? sequence(objectId(OID.sha256WithRsa), Uint8Array.of(0x05, 0))
    : sequence(objectId(OID.ecdsaWithSha256));
}

/** Unpredictable and positive, with its first bit clear. */
function serial(random: Random): Uint8Array {
  const bytes = random.bytes(SERIAL_BYTES).slice();
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}

const extension = (oid: string, critical: boolean, value: Uint8Array): Uint8Array =>
  sequence(objectId(oid), ...(critical ? [bool(true)] : []), octetString(value));

function extensions(facts: CertificateFacts, keyId: Uint8Array, issuerKeyId: Uint8Array): Uint8Array[] {
  const { authority = false, usages, extendedUsages = [], names, subject } = facts;
  const made = [
    extension(OID.keyUsage, true, keyUsageBits(usages)),
    extension(OID.basicConstraints, true, authority ? sequence(bool(true)) : sequence()),
    extension(OID.authorityKeyIdentifier, false, sequence(tlv(0x80, issuerKeyId))),
  ];
  if (authority) made.push(extension(OID.subjectKeyIdentifier, false, octetString(keyId)));
  if (extendedUsages.length > 0) {
    const oids = extendedUsages.map((usage) => objectId(EXTENDED_USAGE[usage]));
    made.push(extension(OID.extKeyUsage, false, sequence(...oids)));
  }
  if (names && names.dns.length + names.addresses.length > 0) {
    const unnamed = subject.commonName === "" && !subject.organizations?.length;
    made.push(extension(OID.subjectAltName, unnamed, generalNames(names)));
  }
  return made;
}

function keyUsageBits(usages: readonly KeyUsage[]): Uint8Array {
  const numbers = usages.map((usage) => KEY_USAGE[usage]);
  const octet = numbers.reduce((bits, number) => bits | (0x80 >> number), 0);
  return bitString(Uint8Array.of(octet), 7 - Math.max(...numbers));
}

const generalNames = ({ dns, addresses }: SubjectNames): Uint8Array =>
  sequence(
    ...dns.map((name) => text(0x82, name)),
    ...addresses.filter((address) => isIP(address) > 0).map((address) => tlv(0x87, addressBytes(address))),
  );
