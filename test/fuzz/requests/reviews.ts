/** Questions about tokens and rights. */
import type { Random } from "#base/random";
import { asBody } from "./cbor.ts";
import { pick } from "./choices.ts";
import { token } from "./credentials.ts";
import type { Made } from "./request.ts";

const REVIEW_SPECS: readonly ((random: Random) => unknown)[] = [
  (random) => ({ token: token(random), audiences: pick(random, [[], [""], ["x"], null, "x", [1]]) }),
  () => ({ user: "a", groups: [null], resourceAttributes: {}, nonResourceAttributes: {} }),
  () => ({
    user: "a",
    resourceAttributes: { verb: "list", fieldSelector: { rawSelector: "a=b,c", requirements: [{}] } },
  }),
  () => ({ user: "a", resourceAttributes: { verb: "list", labelSelector: { rawSelector: "((((" } } }),
  () => ({
    user: "a",
    resourceAttributes: {
      labelSelector: { requirements: [{ key: "\ud800", operator: "In", values: Array(500).fill("x") }] },
    },
  }),
  () => ({
    user: "a",
    resourceAttributes: { fieldSelector: { requirements: [{ key: "", operator: "X", values: null }] } },
  }),
  () => ({
    user: "",
    uid: "x",
    extra: { __proto__: ["a"], "a/b": null },
    resourceAttributes: { namespace: "../kept", name: "%2F" },
  }),
  () => ({ nonResourceAttributes: { path: "a".repeat(10_000), verb: "*" } }),
  () => ({ namespace: "\u00fc".repeat(300) }),
  () => ({}),
];

const REVIEWS = [
  ["authentication.k8s.io", "TokenReview", "tokenreviews"],
  ["authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews"],
  ["authorization.k8s.io", "SubjectAccessReview", "subjectaccessreviews"],
  ["authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews"],
  ["authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews"],
  ["authorization.k8s.io", "LocalSubjectAccessReview", "namespaces/fuzz/localsubjectaccessreviews"],
] as const;

export function review(random: Random): Made {
  const [group, kind, plural] = pick(random, REVIEWS);
  return {
    method: "POST",
    path: `/apis/${group}/v1/${plural}`,
    ...asBody(random, {
      apiVersion: `${group}/v1`,
      kind,
      metadata: {},
      spec: pick(random, REVIEW_SPECS)(random),
    }),
  };
}
