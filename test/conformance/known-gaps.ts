/**
 * Behaviours that k8ts does not have yet although their tests are written, with the reason. Such a test has to fail:
 * whoever mends the behaviour takes its line away.
 */
export const knownGaps: Readonly<Record<string, string>> = {};
