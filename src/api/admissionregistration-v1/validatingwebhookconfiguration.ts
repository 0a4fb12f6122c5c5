import { ageColumn, integer, nameColumn } from "#api/columns";
import { MatchCondition, RuleWithOperations } from "#api/admissionregistration-v1/matching";
import { WebhookClientConfig } from "#api/admissionregistration-v1/webhook";
import { webhooksProblems } from "#api/admissionregistration-v1/webhook-rules";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, list, type Of, ref, resource, string, struct, value } from "#machinery/schema";

export const ValidatingWebhook = struct("admissionregistration.v1.ValidatingWebhook", {
  name: string(1).required().doc("Name of the webhook, such as images.example.com."),
  clientConfig: value(2, WebhookClientConfig).required().doc("How it is reached."),
  rules: list(3, RuleWithOperations).atomic().doc("Requests that it is asked about."),
  failurePolicy: string(4)
    .pointer()
    .oneOf("Ignore", "Fail")
    .default("Fail")
    .doc("Fail or Ignore when it does not answer."),
  matchPolicy: string(9)
    .pointer()
    .oneOf("Exact", "Equivalent")
    .default("Equivalent")
    .doc("Exact or Equivalent: whether other versions of a resource count."),
  namespaceSelector: ref(5, LabelSelector).default({}).doc("Namespaces whose objects count."),
  objectSelector: ref(10, LabelSelector).default({}).doc("Objects that count, by label."),
  sideEffects: string(6).pointer().oneOf("None", "NoneOnDryRun").required().doc("None or NoneOnDryRun."),
  timeoutSeconds: int32(7).pointer().default(10).doc("How long an answer may take, in seconds."),
  admissionReviewVersions: list(8, string)
    .required()
    .atomic()
    .doc("Versions of AdmissionReview that it understands, best first."),
  matchConditions: list(11, MatchCondition)
    .mergedBy("name")
    .doc("Expressions that must all be true for it to be asked."),
});
export interface ValidatingWebhook extends Of<typeof ValidatingWebhook> {}

interface Shown {
  readonly webhooks?: readonly unknown[];
}

export const ValidatingWebhookConfiguration = resource({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  doc: "Web hooks that may refuse changes.",
  plural: "validatingwebhookconfigurations",
  categories: ["api-extensions"],
  namespaced: false,
  metadata: ObjectMeta,
  counted: true,
  unconditionalUpdate: false,
  fields: {
    webhooks: list(2, ValidatingWebhook)
      .mergedBy("name")
      .doc("The webhooks, each with what it is asked for."),
  },
  rules: { validate: ({ webhooks }) => webhooksProblems(webhooks) },

  columns: [nameColumn, integer("Webhooks", (of: Shown) => of.webhooks?.length ?? 0), ageColumn],
});
export interface ValidatingWebhookConfiguration extends Of<typeof ValidatingWebhookConfiguration> {}
