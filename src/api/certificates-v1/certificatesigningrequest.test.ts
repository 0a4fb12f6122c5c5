import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CertificateSigningRequest,
  type CertificateSigningRequestStatus,
  decisionProblems,
} from "./certificatesigningrequest.ts";

const condition = (type: string, more: object = {}) => ({ type, status: "True", ...more });
const status = (types: readonly string[], more: object = {}) =>
  ({ conditions: types.map((type) => condition(type)), ...more }) as CertificateSigningRequestStatus;
const pem = (type: string, body = "MIIB") =>
  btoa(`-----BEGIN ${type}-----\n${body}\n-----END ${type}-----\n`);

const detailsOf = (problems: Iterable<{ readonly detail?: string }>) =>
  [...problems].map(({ detail }) => detail ?? "");
const byStatus = (after: CertificateSigningRequestStatus, before: CertificateSigningRequestStatus) =>
  detailsOf(
    CertificateSigningRequest.rules.validateStatusUpdate!(
      { status: after } as never,
      { status: before } as never,
    ),
  );

const decisions = [
  [status(["Approved"]), status([]), []],
  [status(["Approved", "Denied"]), status([]), [/mutually exclusive/]],
  [status(["Denied"]), status(["Approved"]), [/may not remove a condition of type "Approved"/]],
] as const;

for (const [after, before, expected] of decisions)
  test(`a decision stands: ${JSON.stringify(after)} after ${JSON.stringify(before)}`, () => {
    const found = detailsOf(decisionProblems(after, before));
    assert.equal(found.length, expected.length);
    for (const [at, pattern] of expected.entries()) assert.match(found[at]!, pattern);
  });

const statuses = [
  [status(["Failed"]), status([]), []],
  [status(["Approved"]), status([]), [/may not add a condition of type "Approved"/]],
  [
    { conditions: [condition("Denied", { reason: "x" })] } as CertificateSigningRequestStatus,
    status(["Denied"]),
    [/may not modify a condition of type "Denied"/],
  ],
  [status(["Approved"], { certificate: pem("CERTIFICATE") }), status(["Approved"]), []],
  [status([], { certificate: pem("PRIVATE KEY") }), status([]), [/only CERTIFICATE PEM blocks are allowed/]],
  [status([], { certificate: btoa("nonsense") }), status([]), [/at least one CERTIFICATE PEM block/]],
  [status([], { certificate: pem("CERTIFICATE", "a: b\n\nMIIB") }), status([]), [/no PEM block headers/]],
  [status([], { certificate: pem("CERTIFICATE", "AAAA") }), status([]), [/malformed/]],
] as const;

for (const [after, before, expected] of statuses)
  test(`a status ${JSON.stringify(after)} after ${JSON.stringify(before)}`, () => {
    const found = byStatus(after, before);
    assert.equal(found.length, expected.length, found.join("\n"));
    for (const [at, pattern] of expected.entries()) assert.match(found[at]!, pattern);
  });
