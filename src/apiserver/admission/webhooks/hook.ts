import { compileCondition } from "#api/admissionregistration-v1/expressions";
import type { MutatingWebhook } from "#api/admissionregistration-v1/mutatingwebhookconfiguration";
import { REVIEW_VERSIONS } from "#api/admissionregistration-v1/webhook-rules";
import type { ValidatingWebhook } from "#api/admissionregistration-v1/validatingwebhookconfiguration";
import { type LabelSelector, selectsAll } from "#api/meta-v1/labelselector";
import { compileSelector, type LabelMatcher } from "#machinery/label-selector";
import { type CompiledRule, compileRule } from "./rules.ts";
import { type Target, targetOf } from "./target.ts";

export type ReviewVersion = "v1" | "v1beta1";

/** One webhook of a configuration, ready to be asked. */
export interface Hook {
  /** Unique among all webhooks: configuration, name and place. */
  readonly id: string;
  readonly configuration: string;
  readonly name: string;
  readonly rules: readonly CompiledRule[];
  /** Rules also match other versions of the same objects, which are converted. */
  readonly equivalent: boolean;
  /** Requests go on without it when it cannot be asked. */
  readonly failsOpen: boolean;
  /** Undefined: all. */
  readonly namespaceMatches: LabelMatcher | undefined;
  readonly objectMatches: LabelMatcher | undefined;
  /** May be asked about what is not meant to last. */
  readonly supportsDryRun: boolean;
  readonly timeoutSeconds: number;
  /** Undefined: it speaks no version that the server knows. */
  readonly reviewVersion: ReviewVersion | undefined;
  /** Wants to see the object again when others have changed it. */
  readonly reinvocable: boolean;
  readonly target: Target;
  readonly conditions: readonly Condition[];
}

/** An expression that must hold of a write for the webhook to be asked. */
export interface Condition {
  readonly expression: string;
  readonly rule: ReturnType<typeof compileCondition>;
}

const TIMEOUT_SECONDS = 10;

export function compileHook(
  configuration: string,
  index: number,
  webhook: MutatingWebhook | ValidatingWebhook,
): Hook {
  const { name, sideEffects } = webhook as { readonly name: string; readonly sideEffects?: string };
  return {
    id: `${configuration}/${name}/${index}`,
    configuration,
    name,
    rules: (webhook.rules ?? []).map(compileRule),
    equivalent: webhook.matchPolicy !== "Exact",
    failsOpen: webhook.failurePolicy === "Ignore",
    namespaceMatches: matcherOf(webhook.namespaceSelector),
    objectMatches: matcherOf(webhook.objectSelector),
    supportsDryRun: sideEffects === "None" || sideEffects === "NoneOnDryRun",
    timeoutSeconds: webhook.timeoutSeconds ?? TIMEOUT_SECONDS,
    reviewVersion: reviewVersionOf(webhook.admissionReviewVersions),
    reinvocable: "reinvocationPolicy" in webhook && webhook.reinvocationPolicy === "IfNeeded",
    target: targetOf(webhook.clientConfig),
    conditions: (webhook.matchConditions ?? []).map(({ expression }) => ({
      expression,
      rule: compileCondition(expression.trim()),
    })),
  };
}

const matcherOf = (selector: LabelSelector | undefined): LabelMatcher | undefined =>
  selector === undefined || selectsAll(selector) ? undefined : compileSelector(selector);

const reviewVersionOf = (versions: readonly string[]): ReviewVersion | undefined =>
  versions.find((version) => REVIEW_VERSIONS.includes(version)) as ReviewVersion | undefined;
