import type { AnyObject } from "#machinery/schema";
import type { AdmissionPlugin } from "../../contracts.ts";
import type { Caller } from "./call.ts";
import type { Configurations } from "./configurations.ts";
import type { Equivalents } from "../matching/equivalents.ts";
import type { Hook } from "./hook.ts";
import { type HookMatching, isExempt } from "./match.ts";
import { converted, type Seen } from "../matching/seen.ts";
import { isChanged, memoryOf } from "../mutation/memory.ts";
import { patchedBy } from "./patched.ts";

export interface MutatingOptions {
  readonly configurations: Configurations;
  readonly matching: HookMatching;
  readonly equivalents: Equivalents;
  readonly caller: Caller;
}

const NAME = "MutatingAdmissionWebhook";

/** Lets webhooks change what is written, one after the other. */
export function mutatingWebhooks(options: MutatingOptions): AdmissionPlugin {
  const { configurations, matching } = options;
  return {
    name: NAME,
    asksOthers: true,
    handles: (admission) => configurations.hooks.length > 0 && !isExempt(admission),
    async admit(admission) {
      const memory = memoryOf(admission.rounds, NAME);
      const { rounds } = admission;
      const round = rounds?.round ?? 0;
      let { object } = admission;
      if (round > 0 && isChanged(memory.output, object)) memory.wakeAll();
      for (const [index, hook] of configurations.hooks.entries()) {
        const current = { ...admission, object };
        const seen = await matching.seenBy(hook, current);
        if (!seen || (round > 0 && !memory.woken.has(hook.id))) continue;
        const after = await changedBy(hook, seen, `round_${round}_index_${index}`, options);
        if (isChanged(object, after)) {
          memory.wakeAll();
          rounds?.askAgain();
        }
        if (hook.reinvocable) memory.called.add(hook.id);
        object = after;
      }
      memory.output = object;
      return object;
    },
  };
}

/** The object as the webhook leaves it, in the version of the request. */
async function changedBy(
  hook: Hook,
  seen: Seen,
  place: string,
  { equivalents, caller }: MutatingOptions,
): Promise<AnyObject | undefined> {
  const { admission, resource } = seen;
  const { object, annotate } = admission;
  let after: AnyObject | undefined;
  try {
    const outcome = await caller.ask(hook, seen, (response) => patchedBy(hook, seen, response, place));
    if (outcome.type === "answered") after = outcome.value;
    else annotate(`failed-open.mutating.webhook.admission.k8s.io/${place}`, hook.name);
  } finally {
    const mutated = after !== undefined && isChanged(seen.object, after);
    const record = { configuration: hook.configuration, webhook: hook.name, mutated };
    annotate(`mutation.webhook.admission.k8s.io/${place}`, JSON.stringify(record));
    if (!mutated) after = undefined;
  }
  if (!after) return object;
  if (seen.object === object) return after;
  return converted(after, resource, admission.resource, equivalents);
}
