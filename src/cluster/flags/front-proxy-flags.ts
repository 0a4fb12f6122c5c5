/** Proxies that may say who asks, and how this server says it to extension servers: flags, and what they make of it. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { FrontProxyIdentity } from "#apiserver/aggregation/front-proxy";
import type { RequestHeaderOptions } from "#apiserver/authentication/request-header";
import { watchFile } from "#base/node/watched-file";
import type { CertificateStore } from "../certificates/certificate-store.ts";
import { FRONT_PROXY_NAME, frontProxyClient } from "../certificates/profiles.ts";
import { type Flag, file, names } from "./flag.ts";

const headers = (help: string) => names({ value: "HEADERS", help });

export const frontProxyFlags = {
  "requestheader-client-ca-file": file({
    help: "authorities of proxies that may say who asks, by default the cluster's own",
  }),
  "requestheader-allowed-names": names({
    help: "common names of such proxies, by default all that the authorities have signed",
  }),
  "requestheader-username-headers": headers("where they name the user, by default X-Remote-User"),
  "requestheader-uid-headers": headers("where they give the user's id, by default X-Remote-Uid"),
  "requestheader-group-headers": headers("where they name groups, by default X-Remote-Group"),
  "requestheader-extra-headers-prefix": headers(
    "what headers with more about the user begin with, by default X-Remote-Extra-",
  ),
  "proxy-client-cert-file": file({
    help: "certificate that this server shows to extension servers, by default one of its own",
  }),
  "proxy-client-key-file": file({ help: "the key of that certificate" }),
} as const satisfies Readonly<Record<string, Flag<unknown>>>;

type Table = typeof frontProxyFlags;

/** The values of the flags that were given. */
export type FrontProxyFlags = {
  readonly [Name in keyof Table]?: Table[Name] extends Flag<infer T> ? T : never;
};

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Throws an Error when the file holds no certificate. */
export async function requestHeaderOf(
  flags: FrontProxyFlags,
  certificates: Pick<CertificateStore, "frontProxy">,
): Promise<RequestHeaderOptions> {
  const path = flags["requestheader-client-ca-file"];
  const given = <N extends keyof RequestHeaderOptions>(name: N, value: readonly string[] | undefined) =>
    value === undefined ? {} : { [name]: value };
  return {
    clientAuthorities: path === undefined ? [certificates.frontProxy.certificate] : await authoritiesIn(path),
    ...(path === undefined ? { allowedNames: [FRONT_PROXY_NAME] } : {}),
    ...given("allowedNames", flags["requestheader-allowed-names"]),
    ...given("usernameHeaders", flags["requestheader-username-headers"]),
    ...given("uidHeaders", flags["requestheader-uid-headers"]),
    ...given("groupHeaders", flags["requestheader-group-headers"]),
    ...given("extraPrefixes", flags["requestheader-extra-headers-prefix"]),
  };
}

async function authoritiesIn(path: string): Promise<readonly string[]> {
  const found = (await readFile(path, "utf8")).match(CERTIFICATE) ?? [];
  if (found.length === 0) throw new Error(`${path} holds no certificate`);
  return found.map((pem) => `${pem}\n`);
}

/** Files are read anew when they change. Throws an Error where one is given without the other, or does not fit it. */
export async function frontProxyIdentity(
  flags: FrontProxyFlags,
  certificates: Pick<CertificateStore, "current">,
  signal: AbortSignal,
): Promise<() => FrontProxyIdentity> {
  const { "proxy-client-cert-file": certificateFile, "proxy-client-key-file": keyFile } = flags;
  if (certificateFile === undefined && keyFile === undefined) return certificates.current(frontProxyClient);
  if (certificateFile === undefined || keyFile === undefined)
    throw new Error("proxy-client-cert-file and proxy-client-key-file belong together");
  let [certificate, key] = await Promise.all([readFile(certificateFile, "utf8"), readFile(keyFile, "utf8")]);
  if (!isPair(certificate, key)) throw new Error(`${keyFile} holds no key of ${certificateFile}`);
  let pair = { certificate, key };
  // They are replaced one after the other: until both are there, the old ones count.
  const take = () => {
    if (isPair(certificate, key)) pair = { certificate, key };
  };
  const follow = (path: string, text: string, set: (text: string) => void) =>
    watchFile({ path, text, signal, onChange: (changed) => (set(changed), take()) });
  follow(certificateFile, certificate, (text) => (certificate = text));
  follow(keyFile, key, (text) => (key = text));
  return () => pair;
}

function isPair(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
