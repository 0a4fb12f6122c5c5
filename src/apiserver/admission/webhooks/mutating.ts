import type { AnyObject } from "#machinery/schema";
import type { AdmissionPlugin, AdmissionRounds } from "../../contracts.ts";
import type { Caller } from "./call.ts";
import type { Configurations } from "./configurations.ts";
import type { Equivalents } from "./equivalents.ts";
import type { Hook } from "./hook.ts";
import { isExempt, type Matching } from "./match.ts";
import { isChanged, patchedBy } from "./patched.ts";
import type { Seen } from "./review.ts";
import { converted } from "./seen.ts";

export interface MutatingOptions {
  readonly configurations: Configurations;
  readonly matching: Matching;
  readonly equivalents: Equivalents;
  readonly caller: Caller;
}

const NAME = "MutatingAdmissionWebhook";

/** Lets webhooks change what is written, one after the other. */
export function mutatingWebhooks(options: MutatingOptions): AdmissionPlugin {
  const { configurations, matching } = options;
  return {
    name: NAME,
    handles: (admission) => configurations.hooks.length > 0 && !isExempt(admission),
    async admit(admission) {
      const memory = memoryOf(admission.rounds);
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
  const outcome = await caller.ask(hook, seen, (response) => patchedBy(hook, seen, response));
  if (outcome.type === "passed-over") {
    annotate(`failed-open.mutating.webhook.admission.k8s.io/${place}`, hook.name);
    return object;
  }
  const after = outcome.value;
  const mutated = after !== undefined && isChanged(seen.object, after);
  const record = { configuration: hook.configuration, webhook: hook.name, mutated };
  annotate(`mutation.webhook.admission.k8s.io/${place}`, JSON.stringify(record));
  if (!mutated) return object;
  if (seen.object === object) return after;
  return converted(after, resource, admission.resource, equivalents);
}

/** What has happened in the rounds of one request. */
class Memory {
  /** Of the webhooks that want to see changes behind them: those that were called since the last change. */
  readonly called = new Set<string>();
  /** Those to call once more. */
  readonly woken = new Set<string>();
  output: AnyObject | undefined;

  wakeAll(): void {
    for (const id of this.called) this.woken.add(id);
    this.called.clear();
  }
}

function memoryOf(rounds: AdmissionRounds | undefined): Memory {
  const known = rounds?.notes.get(NAME);
  if (known instanceof Memory) return known;
  const made = new Memory();
  rounds?.notes.set(NAME, made);
  return made;
}
