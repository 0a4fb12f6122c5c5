/** The options `--oidc-*`: one issuer, said without a file. */
import type { AuthenticationConfiguration } from "./configuration/authentication-configuration.ts";

export interface OidcOptions {
  readonly issuerUrl: string;
  readonly clientId: string;
  /** Default `sub`. */
  readonly usernameClaim?: string;
  /** Default the issuer and `#`, and nothing for the claim `email`; `-` stands for nothing. */
  readonly usernamePrefix?: string;
  readonly groupsClaim?: string;
  readonly groupsPrefix?: string;
  readonly requiredClaims?: Readonly<Record<string, string>>;
  /** PEM. */
  readonly certificateAuthority?: string;
  /** Default RS256 alone. */
  readonly signingAlgorithms?: readonly string[];
}

const DEFAULT_CLAIM = "sub";
const NO_PREFIX = "-";

export function oidcConfiguration(options: OidcOptions): AuthenticationConfiguration {
  const { issuerUrl, clientId, groupsClaim, groupsPrefix = "", requiredClaims = {} } = options;
  const claim = options.usernameClaim ?? DEFAULT_CLAIM;
  const groups = groupsClaim ? { claim: groupsClaim, prefix: groupsPrefix } : {};
  const rules = Object.entries(requiredClaims).map(([name, value]) => ({
    claim: name,
    requiredValue: value,
  }));
  return {
    kind: "AuthenticationConfiguration",
    apiVersion: "apiserver.config.k8s.io/v1",
    jwt: [
      {
        issuer: {
          url: issuerUrl,
          audiences: [clientId],
          ...(options.certificateAuthority ? { certificateAuthority: options.certificateAuthority } : {}),
        },
        claimMappings: { username: { claim, prefix: usernamePrefix(options, claim) }, groups, uid: {} },
        claimValidationRules: rules,
      },
    ],
  };
}

function usernamePrefix({ usernamePrefix: prefix, issuerUrl }: OidcOptions, claim: string): string {
  if (prefix === NO_PREFIX) return "";
  if (prefix) return prefix;
  return claim === "email" ? "" : `${issuerUrl}#`;
}
