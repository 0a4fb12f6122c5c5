/**
 * Behaviours that k8ts does not have yet although their tests are written, with the reason. Such a test has to fail:
 * whoever mends the behaviour takes its line away.
 */
export const knownGaps: Readonly<Record<string, string>> = {
  "[sig-network] ServiceCIDR and IPAddress API should support ServiceCIDR API operations [Conformance]":
    "addresses come from the range that the server was started with: ServiceCIDRs are stored, and never become Ready",
};
