import type { Admission, AdmissionPlugin } from "../../contracts.ts";
import type { Resource } from "#machinery/schema";
import type { Caller } from "./call.ts";
import type { Configurations } from "./configurations.ts";
import type { Equivalents } from "./equivalents.ts";
import type { Hook } from "./hook.ts";
import { isExempt, type Matching } from "./match.ts";
import { seenAs } from "./seen.ts";

export interface ValidatingOptions {
  readonly configurations: Configurations;
  readonly matching: Matching;
  readonly equivalents: Equivalents;
  readonly caller: Caller;
}

/** Lets webhooks refuse what is written, all at once. */
export function validatingWebhooks({
  configurations,
  matching,
  equivalents,
  caller,
}: ValidatingOptions): AdmissionPlugin {
  return {
    name: "ValidatingAdmissionWebhook",
    handles: (admission) => configurations.hooks.length > 0 && !isExempt(admission),
    async validate(admission) {
      const asked: { readonly hook: Hook; readonly resource: Resource }[] = [];
      for (const hook of configurations.hooks) {
        const resource = await matching.resourceFor(hook, admission);
        if (resource) asked.push({ hook, resource });
      }
      const answers = await Promise.allSettled(
        asked.map(({ hook, resource }, index) => check(hook, admission, resource, index)),
      );
      // The first as they are listed, so that the same request always fails with the same words.
      for (const answer of answers) if (answer.status === "rejected") throw answer.reason;
    },
  };

  async function check(hook: Hook, admission: Admission, resource: Resource, index: number): Promise<void> {
    const seen = seenAs(admission, resource, equivalents);
    const { type } = await caller.ask(hook, seen, () => undefined);
    if (type === "passed-over") {
      admission.annotate(`failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`, hook.name);
    }
  }
}
