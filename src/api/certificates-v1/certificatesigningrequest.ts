import { ageColumn, nameColumn, NONE, text } from "#api/columns";
import { elapsed } from "#machinery/elapsed";
import { distinct, sameValue } from "#api/checks";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { signerNameProblems } from "./signer-name.ts";
import {
  at,
  bytes,
  duplicate,
  type FieldProblem,
  forbidden,
  int32,
  invalid,
  item,
  list,
  listOf,
  map,
  notSupported,
  required,
  type Of,
  resource,
  string,
  struct,
  time,
} from "#machinery/schema";

export const CertificateSigningRequestSpec = struct("certificates.v1.CertificateSigningRequestSpec", {
  request: bytes(1).required().notEmpty().doc("PEM of the PKCS#10 request."),
  signerName: string(7).required().notEmpty().doc("Signer that is asked."),
  expirationSeconds: int32(8).pointer().doc("How long the certificate should live, in seconds."),
  usages: list(5, string).atomic().notEmpty().doc("What the key may be used for."),
  username: string(2).doc("Who asks; the server fills it in."),
  uid: string(3).doc("The object's uid."),
  groups: list(4, string).atomic().doc("Groups of who asks; the server fills them in."),
  extra: map(6, listOf(string)).doc("What else is known of who asks; the server fills it in."),
});
export interface CertificateSigningRequestSpec extends Of<typeof CertificateSigningRequestSpec> {}

export const CertificateSigningRequestCondition = struct(
  "certificates.v1.CertificateSigningRequestCondition",
  {
    type: string(1).required().doc("What the condition is about."),
    status: string(6).required().doc("True, False or Unknown."),
    reason: string(2).doc("One word on why."),
    message: string(3).doc("The reason in plain words."),
    lastUpdateTime: time(4).orNull().doc("When the condition was last looked at."),
    lastTransitionTime: time(5).orNull().doc("When the status last changed."),
  },
);
export interface CertificateSigningRequestCondition extends Of<typeof CertificateSigningRequestCondition> {}

export const CertificateSigningRequestStatus = struct("certificates.v1.CertificateSigningRequestStatus", {
  conditions: list(1, CertificateSigningRequestCondition)
    .keyedBy("type")
    .doc("What is known about its state, one entry per type."),
  certificate: bytes(2).doc("PEM of the certificate."),
});
export interface CertificateSigningRequestStatus extends Of<typeof CertificateSigningRequestStatus> {}

export const KEY_USAGES = [
  "signing",
  "digital signature",
  "content commitment",
  "key encipherment",
  "key agreement",
  "data encipherment",
  "cert sign",
  "crl sign",
  "encipher only",
  "decipher only",
  "any",
  "server auth",
  "client auth",
  "code signing",
  "email protection",
  "s/mime",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "timestamping",
  "ocsp signing",
  "microsoft sgc",
  "netscape sgc",
] as const;

const EXPIRATION_SECONDS_MIN = 600;
/** Of requests that older versions of the API had without a signer. */
const LEGACY_SIGNER = "kubernetes.io/legacy-unknown";
const PEM =
  /^\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----[A-Za-z0-9+/=\s]+-----END (NEW )?CERTIFICATE REQUEST-----\s*$/;

function* requestProblems(spec: CertificateSigningRequestSpec): Iterable<FieldProblem> {
  if (spec.request && !PEM.test(atob(spec.request)))
    yield invalid("spec.request", spec.request, "PEM block type must be CERTIFICATE REQUEST");
  for (const [index, usage] of (spec.usages ?? []).entries())
    if (!(KEY_USAGES as readonly string[]).includes(usage))
      yield notSupported(item("spec.usages", index), usage, KEY_USAGES);
  yield* distinct("spec.usages", spec.usages, (usage) => usage);
  if (spec.signerName) yield* signerNameProblems(spec.signerName, "spec.signerName");
  if (spec.signerName === LEGACY_SIGNER)
    yield invalid(
      "spec.signerName",
      spec.signerName,
      "the legacy signerName is not allowed via this API version",
    );
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < EXPIRATION_SECONDS_MIN)
    yield invalid(
      "spec.expirationSeconds",
      spec.expirationSeconds,
      `may not specify a duration less than ${EXPIRATION_SECONDS_MIN} seconds (10 minutes)`,
    );
}

const holds = ({ conditions }: CertificateSigningRequestStatus, type: string): boolean =>
  conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;

const DECIDING = ["Approved", "Denied", "Failed"];
const STATUSES = ["True", "False", "Unknown"];

/** Each condition by itself: those that decide are true, and none is said twice. */
function* conditionProblems({ conditions = [] }: CertificateSigningRequestStatus): Iterable<FieldProblem> {
  const seen = new Set<string>();
  for (const [index, { type, status }] of conditions.entries()) {
    const path = item("status.conditions", index);
    const allowed = DECIDING.includes(type) ? ["True"] : STATUSES;
    if (!type) yield required(at(path, "type"));
    if (!status) yield required(at(path, "status"));
    else if (!allowed.includes(status)) yield notSupported(at(path, "status"), status, allowed);
    if (seen.has(type)) yield duplicate(at(path, "type"), type);
    seen.add(type);
  }
}

/** A decision stands, and there is only one. */
export function* decisionProblems(
  status: CertificateSigningRequestStatus,
  old: CertificateSigningRequestStatus,
): Iterable<FieldProblem> {
  yield* conditionProblems(status);
  if (holds(status, "Approved") && holds(status, "Denied"))
    yield invalid("status.conditions", "Denied", "Approved and Denied conditions are mutually exclusive");
  for (const type of ["Approved", "Denied", "Failed"])
    if (holds(old, type) && !holds(status, type))
      yield forbidden("status.conditions", `updates may not remove a condition of type "${type}"`);
  if (old.certificate && status.certificate !== old.certificate)
    yield forbidden("status.certificate", "updates may not modify existing certificate content");
}

const BLOCK = /-----BEGIN ([^-]*)-----\s*\n([^-]*)-----END \1-----/g;
const CERTIFICATE = "CERTIFICATE";
/** Every certificate begins with this byte. */
const DER_SEQUENCE = 0x30;

/** What is wrong with the certificates that a signer gave; undefined: nothing. */
function certificateProblem(data: string): string | undefined {
  const blocks = [...atob(data).matchAll(BLOCK)];
  for (const [, type = "", body = ""] of blocks) {
    if (type !== CERTIFICATE) return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (body.includes(":")) return "no PEM block headers are permitted";
    if (!isDer(body)) return "x509: malformed certificate";
  }
  return blocks.length === 0 ? "must contain at least one CERTIFICATE PEM block" : undefined;
}

function isDer(base64: string): boolean {
  try {
    return atob(base64).charCodeAt(0) === DER_SEQUENCE;
  } catch {
    return false;
  }
}

function* statusProblems(
  status: CertificateSigningRequestStatus,
  old: CertificateSigningRequestStatus,
): Iterable<FieldProblem> {
  yield* decisionProblems(status, old);
  // Deciding is a right of its own, and has a path of its own.
  for (const type of ["Approved", "Denied"]) {
    const [before, now] = [old, status].map(({ conditions = [] }) =>
      conditions.filter((condition) => condition.type === type),
    ) as [unknown[], unknown[]];
    if (now.length > before.length)
      yield forbidden("status.conditions", `updates may not add a condition of type "${type}"`);
    else if (now.length === before.length && !sameValue(now, before))
      yield forbidden("status.conditions", `updates may not modify a condition of type "${type}"`);
  }
  if (!status.certificate || status.certificate === old.certificate) return;
  const problem = certificateProblem(status.certificate);
  if (problem) yield invalid("status.certificate", "<certificate data>", problem);
}

function conditionText(status: CertificateSigningRequestStatus): string {
  const decision = holds(status, "Denied") ? "Denied" : holds(status, "Approved") ? "Approved" : "Pending";
  return [decision, holds(status, "Failed") && "Failed", status.certificate && "Issued"]
    .filter(Boolean)
    .join(",");
}

export const CertificateSigningRequest = resource({
  apiVersion: "certificates.k8s.io/v1",
  kind: "CertificateSigningRequest",
  doc: "A wish for a certificate, its approval and the certificate.",
  plural: "certificatesigningrequests",
  shortNames: ["csr"],
  namespaced: false,
  metadata: ObjectMeta,
  spec: CertificateSigningRequestSpec,
  specRequired: true,
  status: CertificateSigningRequestStatus,
  counted: false,
  subresources: {
    approval: { kind: "CertificateSigningRequest", verbs: ["get", "patch", "update"] },
  },

  fieldSelectors: { "spec.signerName": ({ spec }) => spec.signerName },
  columns: [
    nameColumn,
    ageColumn,
    text("SignerName", ({ spec }) => spec.signerName || NONE),
    text("Requestor", ({ spec }) => spec.username ?? ""),
    text("RequestedDuration", ({ spec }) =>
      spec.expirationSeconds === undefined ? NONE : elapsed(spec.expirationSeconds * 1000),
    ),
    text("Condition", ({ status }) => conditionText(status)),
  ],
  rules: {
    validate: ({ spec }) => requestProblems(spec),
    *validateUpdate({ spec }, old) {
      if (!sameValue(spec, old.spec)) yield forbidden("spec", "updates may not modify the spec");
    },
    validateStatusUpdate: ({ status }, old) => statusProblems(status, old.status),
  },
});
export interface CertificateSigningRequest extends Of<typeof CertificateSigningRequest> {}
