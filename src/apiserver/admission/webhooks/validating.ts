import type { AdmissionPlugin } from "../../contracts.ts";
import type { Caller } from "./call.ts";
import type { Configurations } from "./configurations.ts";
import type { Hook } from "./hook.ts";
import type { Seen } from "../matching/seen.ts";
import { type HookMatching, isExempt } from "./match.ts";

export interface ValidatingOptions {
  readonly configurations: Configurations;
  readonly matching: HookMatching;
  readonly caller: Caller;
}

/** Lets webhooks refuse what is written, all at once. */
export function validatingWebhooks({ configurations, matching, caller }: ValidatingOptions): AdmissionPlugin {
  return {
    name: "ValidatingAdmissionWebhook",
    asksOthers: true,
    handles: (admission) => configurations.hooks.length > 0 && !isExempt(admission),
    async validate(admission) {
      const asked: { readonly hook: Hook; readonly seen: Seen }[] = [];
      for (const hook of configurations.hooks) {
        const seen = await matching.seenBy(hook, admission);
        if (seen) asked.push({ hook, seen });
      }
      const answers = await Promise.allSettled(
        asked.map(({ hook, seen }, index) => check(hook, seen, index)),
      );
      // The first as they are listed, so that the same request always fails with the same words.
      for (const answer of answers) if (answer.status === "rejected") throw answer.reason;
    },
  };

  async function check(hook: Hook, seen: Seen, index: number): Promise<void> {
    const { admission } = seen;
    const { type } = await caller.ask(hook, seen, () => undefined);
    if (type === "passed-over") {
      admission.annotate(`failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`, hook.name);
    }
  }
}
