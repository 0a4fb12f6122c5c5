import type { Registry } from "prom-client";
import { MutatingWebhookConfiguration } from "#api/admissionregistration-v1/mutatingwebhookconfiguration";
import { ValidatingWebhookConfiguration } from "#api/admissionregistration-v1/validatingwebhookconfiguration";
import type { AdmissionPlugin, Authorizer, Loopback } from "../../contracts.ts";
import type { ResourceSet } from "../../resource-set.ts";
import { Caller } from "./call.ts";
import { WebhookClient, type WebhookClientOptions } from "../../webhook-client/client.ts";
import { Configurations } from "./configurations.ts";
import type { ConditionMetrics } from "../expressions/condition-metrics.ts";
import { Equivalents } from "../matching/equivalents.ts";
import { Matching } from "../matching/matching.ts";
import { HookMatching } from "./match.ts";
import { mutatingWebhooks } from "./mutating.ts";
import { validatingWebhooks } from "./validating.ts";
import { WebhookMetrics } from "./webhook-metrics.ts";

export interface WebhookOptions extends WebhookClientOptions {
  readonly loopback: () => Loopback;
  readonly authorizer: Authorizer;
  readonly kinds: ResourceSet;
  readonly registry: Registry;
  readonly conditionMetrics: ConditionMetrics;
  /** Aborted when nobody will be asked any more. */
  readonly closing: AbortSignal;
}

/** The plugins that ask webhooks; none where their configurations are not served. */
export function webhookPlugins(options: WebhookOptions): readonly AdmissionPlugin[] {
  const { cache, kinds, registry } = options;
  if (!kinds.of(MutatingWebhookConfiguration) || !kinds.of(ValidatingWebhookConfiguration)) return [];
  const client = new WebhookClient(options);
  options.closing.addEventListener("abort", () => client.close(), { once: true });
  const equivalents = new Equivalents(kinds);
  const matching = new Matching({ ...options, equivalents });
  const hooksOf = (type: "admit" | "validate") =>
    new HookMatching({ ...options, type, equivalents, matching, metrics: options.conditionMetrics });
  const calling = { ...options, client, metrics: new WebhookMetrics(registry) };
  return [
    mutatingWebhooks({
      matching: hooksOf("admit"),
      equivalents,
      configurations: Configurations.mutating(cache),
      caller: new Caller("admit", calling),
    }),
    validatingWebhooks({
      matching: hooksOf("validate"),
      configurations: Configurations.validating(cache),
      caller: new Caller("validating", calling),
    }),
  ];
}
