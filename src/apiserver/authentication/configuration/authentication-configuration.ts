/** The file `--authentication-config`: whose tokens count, what they say about their holders, and who may come without. */
import { bool, list, type Of, ref, string, struct, value } from "#machinery/schema";
import { type ConfigurationKind, parseConfiguration } from "../../configuration/configuration-file.ts";

const Issuer = struct("apiserver.v1.Issuer", {
  url: string(0),
  discoveryURL: string(0),
  certificateAuthority: string(0),
  audiences: list(0, string),
  audienceMatchPolicy: string(0),
  egressSelectorType: string(0),
});
export interface Issuer extends Of<typeof Issuer> {}

const ClaimValidationRule = struct("apiserver.v1.ClaimValidationRule", {
  claim: string(0),
  requiredValue: string(0),
  expression: string(0),
  message: string(0),
});
export interface ClaimValidationRule extends Of<typeof ClaimValidationRule> {}

const PrefixedClaimOrExpression = struct("apiserver.v1.PrefixedClaimOrExpression", {
  claim: string(0),
  prefix: string(0).pointer(),
  expression: string(0),
});
export interface PrefixedClaimOrExpression extends Of<typeof PrefixedClaimOrExpression> {}

const ClaimOrExpression = struct("apiserver.v1.ClaimOrExpression", {
  claim: string(0),
  expression: string(0),
});

const ExtraMapping = struct("apiserver.v1.ExtraMapping", { key: string(0), valueExpression: string(0) });
export interface ExtraMapping extends Of<typeof ExtraMapping> {}

const ClaimMappings = struct("apiserver.v1.ClaimMappings", {
  username: value(0, PrefixedClaimOrExpression),
  groups: value(0, PrefixedClaimOrExpression),
  uid: value(0, ClaimOrExpression),
  extra: list(0, ExtraMapping),
});
export interface ClaimMappings extends Of<typeof ClaimMappings> {}

const UserValidationRule = struct("apiserver.v1.UserValidationRule", {
  expression: string(0),
  message: string(0),
});
export interface UserValidationRule extends Of<typeof UserValidationRule> {}

const JwtAuthenticatorConfiguration = struct("apiserver.v1.JWTAuthenticator", {
  issuer: value(0, Issuer),
  claimValidationRules: list(0, ClaimValidationRule),
  claimMappings: value(0, ClaimMappings),
  userValidationRules: list(0, UserValidationRule),
});
export interface JwtAuthenticatorConfiguration extends Of<typeof JwtAuthenticatorConfiguration> {}

const AnonymousCondition = struct("apiserver.v1.AnonymousAuthCondition", { path: string(0) });

const Anonymous = struct("apiserver.v1.AnonymousAuthConfig", {
  enabled: bool(0).always(),
  conditions: list(0, AnonymousCondition),
});
export interface Anonymous extends Of<typeof Anonymous> {}

const AuthenticationConfiguration = struct("apiserver.v1.AuthenticationConfiguration", {
  kind: string(0).required(),
  apiVersion: string(0).required(),
  jwt: list(0, JwtAuthenticatorConfiguration),
  anonymous: ref(0, Anonymous),
});
/** `kind` and `apiVersion` have been looked at. */
export interface AuthenticationConfiguration extends Of<typeof AuthenticationConfiguration> {}

const KIND: ConfigurationKind<AuthenticationConfiguration> = {
  kind: "AuthenticationConfiguration",
  versions: ["v1", "v1beta1", "v1alpha1"],
  schema: AuthenticationConfiguration,
};

/** From YAML or JSON text; what it says is checked when it is compiled. Throws ConfigurationError. */
export const parseAuthenticationConfiguration = (text: string): AuthenticationConfiguration =>
  parseConfiguration(KIND, text);
