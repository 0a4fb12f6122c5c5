/** Authentication as an operator has set it. */
import type { KeyObject } from "node:crypto";
import type { Secret } from "#api/core-v1/secret";
import { Secret as SecretKind } from "#api/core-v1/secret";
import { logger } from "#base/log";
import { hasReason } from "#machinery/status";
import { ConfigurationError } from "../configuration/configuration-file.ts";
import { ReloadMetrics } from "../configuration/reload-metrics.ts";
import { followConfiguration } from "../configuration/reloading.ts";
import type { Authenticator, Loopback, User } from "../contracts.ts";
import type { Inner } from "../server.ts";
import { ReviewClient } from "../webhook-client/review-client.ts";
import { Authentication } from "./authentication.ts";
import { parseAuthenticationConfiguration } from "./configuration/authentication-configuration.ts";
import { ConfiguredIssuers } from "./configured-issuers.ts";
import { JwtMetrics } from "./jwt/jwt-metrics.ts";
import { LAST_USED } from "./legacy-token.ts";
import { type OidcOptions, oidcConfiguration } from "./oidc-options.ts";
import { type TokenReviewVersion, WebhookTokenAuthenticator } from "./webhook-token.ts";

const log = logger("apiserver.authentication");

const ISSUER = "https://kubernetes.default.svc.cluster.local";

export interface AuthenticationSettings {
  /** PEM of the authorities whose client certificates count. */
  readonly clientAuthorities: readonly string[];
  /** Signs service-account tokens. */
  readonly serviceAccountKey: KeyObject;
  /** Public keys whose tokens still count. */
  readonly olderServiceAccountKeys?: readonly KeyObject[];
  /** The first signs service-account tokens, those of all count; default `https://kubernetes.default.svc.cluster.local`. */
  readonly issuers?: readonly [string, ...string[]];
  /** Names of this server, for whom tokens are; default the issuers. */
  readonly audiences?: readonly string[];
  /** Where others find the keys of service-account tokens; default this server. */
  readonly jwksUri?: string;
  /** Default true: tokens of pods last longer than is asked for, for clients that never read them again. */
  readonly extendTokenExpiration?: boolean;
  /** Service-account tokens live at most this long. */
  readonly maxTokenExpirationSeconds?: number;
  readonly staticTokens?: ReadonlyMap<string, User>;
  /** Default true: as far as RBAC lets them, which is health and version. Not beside a file that says so too. */
  readonly anonymous?: boolean;
  /** Path of an AuthenticationConfiguration, read anew when it changes. Not beside `oidc`. */
  readonly authenticationFile?: string;
  /** One issuer outside the cluster. */
  readonly oidc?: OidcOptions;
  /** A webhook that knows tokens. */
  readonly tokenWebhook?: {
    readonly kubeconfigFile: string;
    /** Default v1beta1, as upstream's. */
    readonly version?: TokenReviewVersion;
    /** Default two minutes. */
    readonly cacheMs?: number;
  };
  /** Who is asked about a request before its certificate and token are looked at, such as a front proxy's headers. */
  readonly authenticators?: readonly Authenticator[];
}

const WEBHOOK_CACHE_MS = 2 * 60 * 1000;
const WEBHOOK_TIMEOUT_MS = 30_000;

/** Throws ConfigurationError when files or settings cannot be used. */
export async function buildAuthentication(
  settings: AuthenticationSettings,
  inner: Pick<Inner, "cache" | "loopback" | "clock" | "random" | "metrics" | "closing">,
): Promise<Authentication> {
  const { cache, clock, random, loopback, metrics: registry } = inner;
  const { issuers = [ISSUER] } = settings;
  const configured = await configuredIssuers(settings, new Set(issuers), inner);
  if (settings.anonymous !== undefined && configured?.anonymous)
    throw new ConfigurationError(
      "anonymous requests are a setting of the server or of its configuration file, and not of both",
    );
  const webhook = await tokenWebhook(settings, settings.audiences ?? issuers, inner);
  return new Authentication({
    ...settings,
    cache,
    clock,
    random,
    registry,
    issuers,
    legacyTokenUsed: (secret, day) => void noteUse(loopback, secret, day),
    ...(settings.extendTokenExpiration === undefined
      ? {}
      : { extendExpiration: settings.extendTokenExpiration }),
    ...(settings.maxTokenExpirationSeconds === undefined
      ? {}
      : { maxExpirationSeconds: settings.maxTokenExpirationSeconds }),
    ...(configured ? { configured } : {}),
    ...(webhook ? { webhook } : {}),
    ...(settings.authenticators ? { before: settings.authenticators } : {}),
  });
}

async function configuredIssuers(
  { authenticationFile, oidc }: AuthenticationSettings,
  disallowed: ReadonlySet<string>,
  { clock, metrics: registry, closing: signal }: Pick<Inner, "clock" | "metrics" | "closing">,
): Promise<ConfiguredIssuers | undefined> {
  if (authenticationFile === undefined && !oidc) return undefined;
  if (authenticationFile !== undefined && oidc)
    throw new ConfigurationError("authentication-config file and oidc-* flags are mutually exclusive");
  const algorithms = oidc && (oidc.signingAlgorithms ?? ["RS256"]);
  const configured = new ConfiguredIssuers({
    clock,
    metrics: new JwtMetrics(registry),
    disallowed,
    ...(algorithms ? { algorithms } : {}),
  });
  if (oidc) configured.use(oidcConfiguration(oidc));
  if (authenticationFile !== undefined) {
    const use = (text: string) => configured.use(parseAuthenticationConfiguration(text));
    const metrics = new ReloadMetrics("authentication", registry);
    await followConfiguration({ path: authenticationFile, use, metrics, clock, signal });
  }
  return configured;
}

async function tokenWebhook(
  { tokenWebhook: webhook }: AuthenticationSettings,
  audiences: readonly string[],
  { clock, random, closing }: Pick<Inner, "clock" | "random" | "closing">,
): Promise<WebhookTokenAuthenticator | undefined> {
  if (!webhook) return undefined;
  const { kubeconfigFile, version = "v1beta1", cacheMs = WEBHOOK_CACHE_MS } = webhook;
  const client = await ReviewClient.open({ kubeconfigFile, timeoutMs: WEBHOOK_TIMEOUT_MS, clock, random });
  closing.addEventListener("abort", () => client.close(), { once: true });
  return new WebhookTokenAuthenticator({ client, version, audiences, cacheMs, clock });
}

/** The Secret says on which day its token was used last. */
async function noteUse(loopback: Loopback, { metadata }: Secret, day: string): Promise<void> {
  const { namespace, name, uid } = metadata;
  const body = { metadata: { uid, labels: { [LAST_USED]: day } } };
  try {
    await loopback.call({
      resource: SecretKind,
      verb: "patch",
      patchType: "application/merge-patch+json",
      ...(namespace === undefined ? {} : { namespace }),
      name,
      body,
    });
  } catch (error) {
    // Whoever deleted it, or made it anew, needs no note.
    if (!hasReason(error, "NotFound", "Conflict"))
      log.error("the use of a token could not be noted", { namespace, name, error });
  }
}
