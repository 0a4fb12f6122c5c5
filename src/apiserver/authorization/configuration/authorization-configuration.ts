/** The file `--authorization-config`: who is asked, and in which order, whether a request may go on. */
import { bool, duration, list, type Of, ref, string, struct, value } from "#machinery/schema";
import { type ConfigurationKind, parseConfiguration } from "../../configuration/configuration-file.ts";

const ConnectionInfo = struct("apiserver.v1.WebhookConnectionInfo", {
  type: string(0),
  kubeConfigFile: string(0).pointer(),
});

const MatchCondition = struct("apiserver.v1.WebhookMatchCondition", { expression: string(0) });

const WebhookConfiguration = struct("apiserver.v1.WebhookConfiguration", {
  authorizedTTL: duration(0),
  cacheAuthorizedRequests: bool(0).pointer(),
  unauthorizedTTL: duration(0),
  cacheUnauthorizedRequests: bool(0).pointer(),
  timeout: duration(0),
  subjectAccessReviewVersion: string(0),
  matchConditionSubjectAccessReviewVersion: string(0),
  failurePolicy: string(0),
  connectionInfo: value(0, ConnectionInfo),
  matchConditions: list(0, MatchCondition),
});
export interface WebhookConfiguration extends Of<typeof WebhookConfiguration> {}

const AuthorizerConfiguration = struct("apiserver.v1.AuthorizerConfiguration", {
  type: string(0),
  name: string(0),
  webhook: ref(0, WebhookConfiguration),
});
export interface AuthorizerConfiguration extends Of<typeof AuthorizerConfiguration> {}

const AuthorizationConfiguration = struct("apiserver.v1.AuthorizationConfiguration", {
  kind: string(0).required(),
  apiVersion: string(0).required(),
  authorizers: list(0, AuthorizerConfiguration),
});
/** `kind` and `apiVersion` have been looked at. */
export interface AuthorizationConfiguration extends Of<typeof AuthorizationConfiguration> {}

const KIND: ConfigurationKind<AuthorizationConfiguration> = {
  kind: "AuthorizationConfiguration",
  versions: ["v1", "v1beta1", "v1alpha1"],
  schema: AuthorizationConfiguration,
};

/** From YAML or JSON text; what it says is checked when it is compiled. Throws ConfigurationError. */
export const parseAuthorizationConfiguration = (text: string): AuthorizationConfiguration =>
  parseConfiguration(KIND, text);

/** The modes of `--authorization-mode` as the file would say them. */
export const ofModes = (
  modes: readonly string[],
  webhook?: WebhookConfiguration,
): AuthorizationConfiguration => ({
  kind: "AuthorizationConfiguration",
  apiVersion: "apiserver.config.k8s.io/v1",
  authorizers: modes.map((type) => ({
    type,
    name: type.toLowerCase(),
    ...(type === "Webhook" && webhook ? { webhook } : {}),
  })),
});
