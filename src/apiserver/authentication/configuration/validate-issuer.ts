import { X509Certificate } from "node:crypto";
import { at, duplicate, type FieldProblem, invalid, item, notSupported, required } from "#machinery/schema";
import type { Issuer } from "./authentication-configuration.ts";

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, one by one. */
export const certificatesOf = (pem: string): readonly string[] => pem.match(PEM_CERTIFICATE) ?? [];

/** `disallowed`: issuers whose tokens the server has another authenticator for, itself above all. */
export function* issuerProblems(
  issuer: Issuer,
  disallowed: ReadonlySet<string>,
  path: string,
): Iterable<FieldProblem> {
  const { url = "", discoveryURL = "" } = issuer;
  if (url === "") yield required(at(path, "url"), "URL is required");
  else yield* urlProblems(url, disallowed, at(path, "url"));
  if (discoveryURL !== "") {
    if (url !== "" && withoutSlash(url) === withoutSlash(discoveryURL))
      yield invalid(at(path, "discoveryURL"), discoveryURL, "discoveryURL must be different from URL");
    yield* urlProblems(discoveryURL, new Set(), at(path, "discoveryURL"));
  }
  yield* audienceProblems(issuer, path);
  yield* authorityProblems(issuer.certificateAuthority ?? "", at(path, "certificateAuthority"));
  yield* egressProblems(issuer.egressSelectorType ?? "", at(path, "egressSelectorType"));
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, "");

function* urlProblems(text: string, disallowed: ReadonlySet<string>, path: string): Iterable<FieldProblem> {
  const wrong = (detail: string) => invalid(path, text, detail);
  if (disallowed.has(text))
    yield wrong(`URL must not overlap with disallowed issuers: [${[...disallowed].toSorted().join(" ")}]`);
  const url = URL.parse(text);
  if (!url) {
    yield wrong(
      text.includes("://") ? `parse ${JSON.stringify(text)}: invalid URL` : "URL scheme must be https",
    );
    return;
  }
  if (url.protocol !== "https:") yield wrong("URL scheme must be https");
  if (url.username !== "" || url.password !== "") yield wrong("URL must not contain a username or password");
  if (url.search !== "") yield wrong("URL must not contain a query");
  if (url.hash !== "") yield wrong("URL must not contain a fragment");
}

function* audienceProblems(
  { audiences = [], audienceMatchPolicy: policy = "" }: Issuer,
  parent: string,
): Iterable<FieldProblem> {
  const path = at(parent, "audiences");
  const policyPath = at(parent, "audienceMatchPolicy");
  if (audiences.length === 0) {
    yield required(path, "at least one audience is required");
    return;
  }
  if (audiences.length > 1 && policy !== "MatchAny")
    yield invalid(policyPath, policy, "audienceMatchPolicy must be MatchAny for multiple audiences");
  if (audiences.length === 1 && policy !== "" && policy !== "MatchAny")
    yield invalid(policyPath, policy, "audienceMatchPolicy must be empty or MatchAny for single audience");
  const seen = new Set<string>();
  for (const [index, audience] of audiences.entries()) {
    if (audience === "") yield required(item(path, index), "audience can't be empty");
    else if (seen.has(audience)) yield duplicate(item(path, index), audience);
    seen.add(audience);
  }
}

function* authorityProblems(pem: string, path: string): Iterable<FieldProblem> {
  if (pem === "") return;
  const certificates = certificatesOf(pem);
  if (certificates.length === 0)
    yield invalid(path, "<omitted>", "data does not contain any valid RSA or ECDSA certificates");
  for (const certificate of certificates) {
    const problem = problemOf(certificate);
    if (problem !== undefined) yield invalid(path, "<omitted>", problem);
  }
}

function problemOf(certificate: string): string | undefined {
  try {
    return new X509Certificate(certificate).publicKey ? undefined : "the certificate has no key";
  } catch (error) {
    return (error as Error).message;
  }
}

const SELECTORS = ["controlplane", "cluster"];

/** Connections leave this server directly: there is no egress selector that one could choose. */
function* egressProblems(type: string, path: string): Iterable<FieldProblem> {
  if (type === "") return;
  if (SELECTORS.includes(type)) yield invalid(path, type, "no egress selector is configured for this server");
  else yield notSupported(path, type, SELECTORS);
}
