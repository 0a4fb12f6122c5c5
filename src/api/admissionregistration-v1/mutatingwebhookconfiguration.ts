import { ageColumn, integer, nameColumn } from "#api/columns";
import { MatchCondition, RuleWithOperations } from "#api/admissionregistration-v1/matching";
import { WebhookClientConfig } from "#api/admissionregistration-v1/webhook";
import { webhooksProblems } from "#api/admissionregistration-v1/webhook-rules";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, list, type Of, ref, resource, string, struct, value } from "#machinery/schema";

export const MutatingWebhook = struct("admissionregistration.v1.MutatingWebhook", {
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
  objectSelector: ref(11, LabelSelector).default({}).doc("Objects that count, by label."),
  sideEffects: string(6).pointer().oneOf("None", "NoneOnDryRun").required().doc("None or NoneOnDryRun."),
  timeoutSeconds: int32(7).pointer().default(10).doc("How long an answer may take, in seconds."),
  admissionReviewVersions: list(8, string)
    .required()
    .atomic()
    .doc("Versions of AdmissionReview that it understands, best first."),
  reinvocationPolicy: string(10)
    .pointer()
    .oneOf("Never", "IfNeeded")
    .default("Never")
    .doc("Never or IfNeeded, when later webhooks changed the object."),
  matchConditions: list(12, MatchCondition)
    .mergedBy("name")
    .doc("Expressions that must all be true for it to be asked."),
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
    webhooks: list(2, MutatingWebhook).mergedBy("name").doc("The webhooks, each with what it is asked for."),
  },
  rules: { validate: ({ webhooks }) => webhooksProblems(webhooks) },

  columns: [nameColumn, integer("Webhooks", (of: Shown) => of.webhooks?.length ?? 0), ageColumn],
});
export interface MutatingWebhookConfiguration extends Of<typeof MutatingWebhookConfiguration> {}
