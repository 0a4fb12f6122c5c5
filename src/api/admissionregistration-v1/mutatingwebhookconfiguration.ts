import { ageColumn, integer, nameColumn } from "#api/columns";
import { MatchCondition, RuleWithOperations } from "#api/admissionregistration-v1/matching";
import { WebhookClientConfig } from "#api/admissionregistration-v1/webhook";
import { webhooksProblems } from "#api/admissionregistration-v1/webhook-rules";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, list, type Of, ref, resource, string, struct, value } from "#machinery/schema";

export const MutatingWebhook = struct("admissionregistration.v1.MutatingWebhook", {
  name: string(1).required(),
  clientConfig: value(2, WebhookClientConfig).required(),
  rules: list(3, RuleWithOperations).atomic(),
  failurePolicy: string(4).pointer().oneOf("Ignore", "Fail").default("Fail"),
  matchPolicy: string(9).pointer().oneOf("Exact", "Equivalent").default("Equivalent"),
  namespaceSelector: ref(5, LabelSelector).default({}),
  objectSelector: ref(11, LabelSelector).default({}),
  sideEffects: string(6).pointer().oneOf("None", "NoneOnDryRun").required(),
  timeoutSeconds: int32(7).pointer().default(10),
  admissionReviewVersions: list(8, string).required().atomic(),
  reinvocationPolicy: string(10).pointer().oneOf("Never", "IfNeeded").default("Never"),
  matchConditions: list(12, MatchCondition).mergedBy("name"),
});
export interface MutatingWebhook extends Of<typeof MutatingWebhook> {}

interface Shown {
  readonly webhooks?: readonly unknown[];
}

export const MutatingWebhookConfiguration = resource({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "MutatingWebhookConfiguration",
  doc: "Web hooks that may change what is written.",
  plural: "mutatingwebhookconfigurations",
  categories: ["api-extensions"],
  namespaced: false,
  metadata: ObjectMeta,
  counted: true,
  unconditionalUpdate: false,
  fields: {
    webhooks: list(2, MutatingWebhook).mergedBy("name"),
  },
  rules: { validate: ({ webhooks }) => webhooksProblems(webhooks) },

  columns: [nameColumn, integer("Webhooks", (of: Shown) => of.webhooks?.length ?? 0), ageColumn],
});
export interface MutatingWebhookConfiguration extends Of<typeof MutatingWebhookConfiguration> {}
