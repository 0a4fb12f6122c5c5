/** Authorization as an operator has set it. */
import { formatDuration } from "#machinery/time";
import { ConfigurationError } from "../configuration/configuration-file.ts";
import { ReloadMetrics } from "../configuration/reload-metrics.ts";
import { followConfiguration } from "../configuration/reloading.ts";
import type { Authorizer } from "../contracts.ts";
import type { Inner } from "../server.ts";
import {
  ofModes,
  parseAuthorizationConfiguration,
  type WebhookConfiguration,
} from "./configuration/authorization-configuration.ts";
import { ConfiguredAuthorizers } from "./configured-authorizers.ts";

export interface AuthorizationSettings {
  /** Path of an AuthorizationConfiguration, read anew when it changes. Not beside the other settings. */
  readonly authorizationFile?: string;
  /** In this order; default Node and RBAC. */
  readonly authorizationModes?: readonly string[];
  /** For the mode Webhook. */
  readonly authorizationWebhook?: {
    readonly kubeconfigFile: string;
    /** Default v1beta1, as upstream's. */
    readonly version?: "v1" | "v1beta1";
    /** How long what it allows holds; default five minutes. */
    readonly authorizedMs?: number;
    /** How long what it does not allow holds; default 30 seconds. */
    readonly unauthorizedMs?: number;
  };
}

const MODES = ["Node", "RBAC"];
const AUTHORIZED_MS = 5 * 60 * 1000;
const UNAUTHORIZED_MS = 30 * 1000;

/** Throws ConfigurationError when files or settings cannot be used. */
export async function buildAuthorization(
  settings: AuthorizationSettings,
  { node, rbac }: { readonly node: Authorizer; readonly rbac: Authorizer },
  { clock, random, metrics: registry, closing }: Pick<Inner, "clock" | "random" | "metrics" | "closing">,
): Promise<ConfiguredAuthorizers> {
  const { authorizationFile: path, authorizationModes: modes, authorizationWebhook: webhook } = settings;
  const configured = new ConfiguredAuthorizers({ node, rbac, clock, random, registry, closing });
  if (path === undefined) {
    if (webhook && !modes?.includes("Webhook"))
      throw new ConfigurationError("cannot specify --authorization-webhook-config-file without mode Webhook");
    await configured.use(ofModes(modes ?? MODES, webhook && webhookOf(webhook)));
    return configured;
  }
  if (modes || webhook)
    throw new ConfigurationError(
      "authorization-config file and the flags authorization-mode and authorization-webhook-* are mutually exclusive",
    );
  const use = (text: string) => configured.use(parseAuthorizationConfiguration(text));
  const metrics = new ReloadMetrics("authorization", registry);
  await followConfiguration({ path, use, metrics, clock, signal: closing });
  return configured;
}

const webhookOf = ({
  kubeconfigFile,
  version = "v1beta1",
  authorizedMs = AUTHORIZED_MS,
  unauthorizedMs = UNAUTHORIZED_MS,
}: NonNullable<AuthorizationSettings["authorizationWebhook"]>): WebhookConfiguration => ({
  authorizedTTL: formatDuration(authorizedMs),
  unauthorizedTTL: formatDuration(unauthorizedMs),
  timeout: "30s",
  subjectAccessReviewVersion: version,
  failurePolicy: "NoOpinion",
  connectionInfo: { type: "KubeConfigFile", kubeConfigFile: kubeconfigFile },
});
