/** Who may come and what they may do: the flags of the API server, and the settings that they make. */
import { podSecurityOf, type PodSecuritySettings } from "#apiserver/admission/pod-security/configuration";
import { createPublicKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { AuthenticationSettings } from "#apiserver/authentication/build";
import { parseTokenFile } from "#apiserver/authentication/token-file";
import type { AuthorizationSettings } from "#apiserver/authorization/build";
import { parseDuration } from "#machinery/time";
import { type Flag, file, names, parsed, text, toggle } from "./flag.ts";

const ttl = (help: string) => parsed({ value: "DURATION", help }, timeMs);
const version = (what: string) =>
  parsed(
    { value: "v1|v1beta1", help: `version of the ${what} that the webhook gets, by default v1beta1` },
    versionOf,
  );

/** Files that may be named several times. */
const files = (help: string): Flag<readonly string[]> => ({
  ...file({ help }),
  multiple: true,
  parse: (texts) => texts,
});

const texts = ({
  value,
  help,
}: {
  readonly value: string;
  readonly help: string;
}): Flag<readonly string[]> => ({
  value,
  help,
  multiple: true,
  parse: (given) => given,
});

export const securityFlags = {
  "anonymous-auth": toggle({
    help: "requests without credentials go as far as authorization lets them, by default true",
  }),
  "authentication-config": file({ help: "AuthenticationConfiguration; read anew when it changes" }),
  "token-auth-file": file({ help: 'tokens and their users: TOKEN,USER,UID[,"GROUP,…"] on each line' }),
  "oidc-issuer-url": text({ value: "URL", help: "whose OpenID Connect tokens count" }),
  "oidc-client-id": text({ value: "ID", help: "for whom those tokens have to be" }),
  "oidc-username-claim": text({ value: "CLAIM", help: "what they call the user by, by default sub" }),
  "oidc-username-prefix": text({ value: "PREFIX", help: "what stands before it, - for nothing" }),
  "oidc-groups-claim": text({ value: "CLAIM", help: "what they say the user's groups by" }),
  "oidc-groups-prefix": text({ value: "PREFIX", help: "what stands before each group" }),
  "oidc-required-claim": {
    ...texts({ value: "CLAIM=VALUE", help: "what they have to say" }),
    parse: claimsOf,
  } as Flag<Readonly<Record<string, string>>>,
  "oidc-ca-file": file({ help: "authorities of the issuer's certificate, by default the machine's" }),
  "oidc-signing-algs": names({ value: "ALGORITHMS", help: "how they may be signed, by default RS256" }),
  "authentication-token-webhook-config-file": file({ help: "kubeconfig of a webhook that knows tokens" }),
  "authentication-token-webhook-cache-ttl": ttl("how long its answers hold, by default 2m"),
  "authentication-token-webhook-version": version("TokenReview"),
  "admission-control-config-file": file({
    help: "AdmissionConfiguration: defaults and exemptions of PodSecurity",
  }),
  "authorization-config": file({ help: "AuthorizationConfiguration; read anew when it changes" }),
  "authorization-mode": names({ value: "MODES", help: "who decides, in this order, by default Node,RBAC" }),
  "authorization-webhook-config-file": file({ help: "kubeconfig of the webhook of mode Webhook" }),
  "authorization-webhook-cache-authorized-ttl": ttl("how long what it allows holds, by default 5m"),
  "authorization-webhook-cache-unauthorized-ttl": ttl(
    "how long what it does not allow holds, by default 30s",
  ),
  "authorization-webhook-version": version("SubjectAccessReview"),
  "api-audiences": names({
    value: "NAMES",
    help: "for whom tokens of service accounts have to be, by default the issuers",
  }),
  "service-account-issuer": texts({
    value: "URL",
    help: "who tokens of service accounts are from; the first signs, all of them count",
  }),
  "service-account-key-file": files("public keys whose tokens of service accounts count, too"),
  "service-account-jwks-uri": text({
    value: "URL",
    help: "where others find the keys, by default this server",
  }),
  "service-account-extend-token-expiration": toggle({
    help: "tokens of pods last longer than asked for, by default true",
  }),
  "service-account-max-token-expiration": ttl("tokens of service accounts last no longer"),
} as const satisfies Readonly<Record<string, Flag<unknown>>>;

type Table = typeof securityFlags;

/** The values of the flags that were given. */
export type SecurityFlags = {
  readonly [Name in keyof Table]?: Table[Name] extends Flag<infer T> ? T : never;
};

type Settings = Omit<AuthenticationSettings, "clientAuthorities" | "serviceAccountKey"> &
  AuthorizationSettings & { readonly podSecurity?: PodSecuritySettings };

/** Reads the files that the flags name. Throws an Error where flags do not go together. */
export async function securitySettings(flags: SecurityFlags): Promise<Settings> {
  const admission = flags["admission-control-config-file"];
  const [podSecurity, oidc, tokens, keys] = await Promise.all([
    admission === undefined ? undefined : readFile(admission, "utf8").then(podSecurityOf),
    oidcOf(flags),
    flags["token-auth-file"] === undefined ? undefined : readFile(flags["token-auth-file"], "utf8"),
    Promise.all((flags["service-account-key-file"] ?? []).map(publicKeysOf)),
  ]);
  const maxMs = flags["service-account-max-token-expiration"];
  return {
    ...given("anonymous", anonymousOf(flags)),
    ...given("authenticationFile", flags["authentication-config"]),
    ...given("staticTokens", tokens === undefined ? undefined : parseTokenFile(tokens)),
    ...given("oidc", oidc),
    ...given("tokenWebhook", tokenWebhookOf(flags)),
    ...given("podSecurity", podSecurity),
    ...given("authorizationFile", flags["authorization-config"]),
    ...given("authorizationModes", flags["authorization-mode"]),
    ...given("authorizationWebhook", authorizationWebhookOf(flags)),
    ...given("audiences", flags["api-audiences"]),
    ...given("issuers", issuersOf(flags)),
    ...(keys.length > 0 ? { olderServiceAccountKeys: keys.flat() } : {}),
    ...given("jwksUri", flags["service-account-jwks-uri"]),
    ...given("extendTokenExpiration", flags["service-account-extend-token-expiration"]),
    ...given("maxTokenExpirationSeconds", maxMs === undefined ? undefined : Math.floor(maxMs / 1000)),
  };
}

const given = <N extends string, T>(name: N, value: T | undefined): { readonly [K in N]?: T } =>
  (value === undefined ? {} : { [name]: value }) as { readonly [K in N]?: T };

/** Where everybody may do everything, nobody comes without a name. */
const anonymousOf = (flags: SecurityFlags): boolean | undefined =>
  flags["authorization-mode"]?.includes("AlwaysAllow") ? false : flags["anonymous-auth"];

async function oidcOf(flags: SecurityFlags): Promise<Settings["oidc"]> {
  const { "oidc-issuer-url": issuerUrl, "oidc-client-id": clientId, "oidc-ca-file": authorityFile } = flags;
  if ((issuerUrl === undefined) !== (clientId === undefined))
    throw new Error(
      "oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set",
    );
  if (issuerUrl === undefined || clientId === undefined) return undefined;
  const authority = authorityFile === undefined ? undefined : await readFile(authorityFile, "utf8");
  return {
    issuerUrl,
    clientId,
    ...given("usernameClaim", flags["oidc-username-claim"]),
    ...given("usernamePrefix", flags["oidc-username-prefix"]),
    ...given("groupsClaim", flags["oidc-groups-claim"]),
    ...given("groupsPrefix", flags["oidc-groups-prefix"]),
    ...given("requiredClaims", flags["oidc-required-claim"]),
    ...given("certificateAuthority", authority),
    ...given("signingAlgorithms", flags["oidc-signing-algs"]),
  };
}

function tokenWebhookOf(flags: SecurityFlags): Settings["tokenWebhook"] {
  const { "authentication-token-webhook-config-file": kubeconfigFile } = flags;
  if (kubeconfigFile === undefined) return undefined;
  return {
    kubeconfigFile,
    ...given("cacheMs", flags["authentication-token-webhook-cache-ttl"]),
    ...given("version", flags["authentication-token-webhook-version"]),
  };
}

function authorizationWebhookOf(flags: SecurityFlags): Settings["authorizationWebhook"] {
  const { "authorization-webhook-config-file": kubeconfigFile } = flags;
  if (kubeconfigFile === undefined) return undefined;
  return {
    kubeconfigFile,
    ...given("authorizedMs", flags["authorization-webhook-cache-authorized-ttl"]),
    ...given("unauthorizedMs", flags["authorization-webhook-cache-unauthorized-ttl"]),
    ...given("version", flags["authorization-webhook-version"]),
  };
}

function issuersOf(flags: SecurityFlags): readonly [string, ...string[]] | undefined {
  const [first, ...others] = flags["service-account-issuer"] ?? [];
  return first === undefined ? undefined : [first, ...others];
}

const PEM_KEY = /-----BEGIN [A-Z ]*(?:KEY|CERTIFICATE)-----[\s\S]*?-----END [A-Z ]*(?:KEY|CERTIFICATE)-----/g;

/** A file may hold several; of private keys the public half counts. */
async function publicKeysOf(path: string): Promise<readonly KeyObject[]> {
  const found = (await readFile(path, "utf8")).match(PEM_KEY) ?? [];
  if (found.length === 0) throw new Error(`${path} holds no key`);
  return found.map((pem) => createPublicKey(pem));
}

function claimsOf(entries: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    entries.map((entry) => {
      const equals = entry.indexOf("=");
      if (equals <= 0) throw new Error("it is a claim and its value, as hd=example.com");
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}

function timeMs(words: string): number {
  const ms = parseDuration(words);
  if (ms < 0) throw new Error("it is a time, such as 5m or 1h30m");
  return ms;
}

function versionOf(word: string): "v1" | "v1beta1" {
  if (word === "v1" || word === "v1beta1") return word;
  throw new Error("it is v1 or v1beta1");
}
