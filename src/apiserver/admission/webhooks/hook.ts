import type { MutatingWebhook } from "#api/admissionregistration-v1/mutatingwebhookconfiguration";
import { REVIEW_VERSIONS } from "#api/admissionregistration-v1/webhook-rules";
import type { ValidatingWebhook } from "#api/admissionregistration-v1/validatingwebhookconfiguration";
import { type Condition, compileConditions } from "../expressions/conditions.ts";
import { type Criteria, matcherOf } from "../matching/criteria.ts";
import { compileRule } from "../matching/rules.ts";
import { type Target, targetOf } from "../../webhook-client/target.ts";

export type ReviewVersion = "v1" | "v1beta1";

/** One webhook of a configuration, ready to be asked. */
export interface Hook {
  /** Unique among all webhooks: configuration, name and place. */
  readonly id: string;
  readonly configuration: string;
  readonly name: string;
  readonly criteria: Criteria;
  /** Requests go on without it when it cannot be asked. */
  readonly failsOpen: boolean;
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
    criteria: {
      rules: (webhook.rules ?? []).map(compileRule),
      exclude: [],
      equivalent: webhook.matchPolicy !== "Exact",
      namespaceMatches: matcherOf(webhook.namespaceSelector),
      objectMatches: matcherOf(webhook.objectSelector),
    },
    failsOpen: webhook.failurePolicy === "Ignore",
    supportsDryRun: sideEffects === "None" || sideEffects === "NoneOnDryRun",
    timeoutSeconds: webhook.timeoutSeconds ?? TIMEOUT_SECONDS,
    reviewVersion: reviewVersionOf(webhook.admissionReviewVersions),
    reinvocable: "reinvocationPolicy" in webhook && webhook.reinvocationPolicy === "IfNeeded",
    target: targetOf(webhook.clientConfig),
    conditions: compileConditions(webhook.matchConditions),
  };
}

const reviewVersionOf = (versions: readonly string[]): ReviewVersion | undefined =>
  versions.find((version) => REVIEW_VERSIONS.includes(version)) as ReviewVersion | undefined;
