import type { MutatingAdmissionPolicyBinding } from "#api/admissionregistration-v1beta1/mutatingadmissionpolicybinding";
import type { Clock } from "#base/clock";
import type { AnyObject } from "#machinery/schema";
import { StatusError, type StatusReason } from "#machinery/status";
import type { Admission, AdmissionPlugin, Authorizer } from "../../contracts.ts";
import { refusal } from "../about.ts";
import { Access } from "../expressions/access.ts";
import { Activation, OutOfBudget } from "../expressions/activation.ts";
import type { ConditionMetrics } from "../expressions/condition-metrics.ts";
import { met } from "../expressions/conditions.ts";
import type { Equivalents } from "../matching/equivalents.ts";
import { converted, seenAs } from "../matching/seen.ts";
import { isChanged, type Memory, memoryOf } from "../mutation/memory.ts";
import { isExempt } from "./exempt.ts";
import type { Invocation, Invocations, Unsettled } from "./invocations.ts";
import { ChangeFailed, mutated, type Mutation } from "./mutations.ts";
import { errorTypeOf, type PolicyMetrics } from "./policy-metrics.ts";
import type { ActivePolicy } from "./source.ts";

type Bound = MutatingAdmissionPolicyBinding;

/** The mutations of a policy, and whether it wants to see the object again when others have changed it. */
export interface Mutations {
  readonly mutations: readonly Mutation[];
  readonly reinvocable: boolean;
}

export interface MutatingOptions {
  /** Policies in use; asked anew for each write. */
  readonly active: () => readonly ActivePolicy<Mutations, Bound>[];
  readonly invocations: Invocations<Mutations, Bound>;
  readonly equivalents: Equivalents;
  readonly authorizer: Authorizer;
  readonly metrics: PolicyMetrics;
  readonly conditionMetrics: ConditionMetrics;
  readonly clock: Clock;
}

const NAME = "MutatingAdmissionPolicy";

/** Lets policies change what is written, one after the other. */
export function mutatingPolicies(options: MutatingOptions): AdmissionPlugin {
  const { active, invocations } = options;
  return {
    name: NAME,
    handles: (admission) => active().length > 0 && !isExempt(admission),
    async admit(admission) {
      const found = await invocations.of(active(), admission);
      return found.length === 0 ? admission.object : new Round(options, admission).run(found);
    },
  };
}

interface Failure {
  readonly policy: string;
  readonly binding: string | undefined;
  readonly message: string;
  /** Undefined: the request is forbidden. */
  readonly reason: StatusReason | undefined;
}

/** One write on its way through all policies that are about it. */
class Round {
  readonly #options: MutatingOptions;
  readonly #admission: Admission;
  readonly #access: Access;
  readonly #memory: Memory;
  readonly #failures: Failure[] = [];
  #object: AnyObject | undefined;

  constructor(options: MutatingOptions, admission: Admission) {
    this.#options = options;
    this.#admission = admission;
    this.#access = new Access(options.authorizer, admission.user);
    this.#memory = memoryOf(admission.rounds, NAME);
    this.#object = admission.object;
  }

  get #isAgain(): boolean {
    return (this.#admission.rounds?.round ?? 0) > 0;
  }

  /** The object to go on with. */
  async run(
    found: readonly (Invocation<Mutations, Bound> | Unsettled<Mutations, Bound>)[],
  ): Promise<AnyObject | undefined> {
    const memory = this.#memory;
    if (this.#isAgain && isChanged(memory.output, this.#object)) memory.wakeAll();
    const namespace = await this.#options.invocations.namespaceOf(this.#admission);
    for (const one of found) {
      if ("message" in one) this.#fail(one, one.message, undefined);
      else await this.#invoke(one, namespace);
    }
    memory.output = this.#object;
    if (this.#failures.length > 0) throw refused(this.#admission, this.#failures);
    return this.#object;
  }

  #fail(
    { policy, binding }: Pick<Unsettled<Mutations, Bound>, "policy" | "binding">,
    message: string,
    reason: StatusReason | undefined,
  ): void {
    if (policy.failsOpen) return;
    this.#failures.push({ policy: policy.name, binding: binding?.name, message, reason });
  }

  async #invoke(invocation: Invocation<Mutations, Bound>, namespace: AnyObject | undefined): Promise<void> {
    const { policy } = invocation;
    if (policy.conditions.length > 0) {
      const { clock, conditionMetrics: metrics } = this.#options;
      const owner = { name: policy.name, kind: "policy", type: "admit" } as const;
      const activation = await this.#activation(invocation, undefined);
      const held = await met({ owner, conditions: policy.conditions }, activation, { clock, metrics });
      if (typeof held === "string") this.#fail(invocation, held, "Invalid");
      if (held !== true) return;
    }
    const key = keyOf(invocation);
    if (this.#isAgain && !this.#memory.woken.has(key)) return;
    const before = this.#object;
    for (const mutation of policy.work.mutations) await this.#mutate(mutation, invocation, namespace);
    if (isChanged(before, this.#object)) {
      this.#memory.wakeAll();
      this.#admission.rounds?.askAgain();
    }
    if (policy.work.reinvocable) this.#memory.called.add(key);
  }

  async #mutate(
    mutation: Mutation,
    invocation: Invocation<Mutations, Bound>,
    namespace: AnyObject | undefined,
  ): Promise<void> {
    if (!this.#object) return;
    const { clock, metrics } = this.#options;
    const { policy, binding } = invocation;
    const startMs = clock.monotonic();
    const checked = (error_type: ReturnType<typeof errorTypeOf>) =>
      metrics.checked(
        { policy: policy.name, policy_binding: binding.name, error_type },
        clock.monotonic() - startMs,
      );
    try {
      this.#object = await this.#changed(mutation, invocation, namespace);
      checked("no_error");
    } catch (error) {
      checked(errorTypeOf((error as Error).message));
      if (!(error instanceof ChangeFailed) && !(error instanceof OutOfBudget)) throw error;
      this.#fail(invocation, error.message, "Invalid");
    }
  }

  /** The object as one mutation leaves it, in the version of the request. */
  async #changed(
    mutation: Mutation,
    invocation: Invocation<Mutations, Bound>,
    namespace: AnyObject | undefined,
  ): Promise<AnyObject> {
    const { equivalents } = this.#options;
    const { resource } = invocation;
    const activation = await this.#activation(invocation, namespace);
    const { seen } = activation;
    const object = seen.object!;
    const after = await mutated(mutation, { object, resource, admission: this.#admission }, activation);
    if (after === object || !isChanged(object, after)) return this.#object!;
    if (object === this.#object) return after;
    return converted(after, resource, this.#admission.resource, equivalents);
  }

  /** Looks at the object as it is now. */
  async #activation(
    { policy: { variables }, params, resource }: Invocation<Mutations, Bound>,
    namespace: AnyObject | undefined,
  ): Promise<Activation> {
    const admission = { ...this.#admission, object: this.#object };
    const seen = await seenAs(admission, resource, this.#options.equivalents);
    return new Activation({ seen, access: this.#access, params, namespace, variables });
  }
}

const keyOf = ({ policy, binding, params }: Invocation<Mutations, Bound>): string =>
  JSON.stringify([policy.name, binding.name, params?.metadata.namespace, params?.metadata.name]);

function refused(admission: Admission, failures: readonly Failure[]): StatusError {
  const texts = failures.map(({ policy, binding, message }) =>
    binding === undefined
      ? `policy ${JSON.stringify(policy)} denied request: ${message}`
      : `policy '${policy}' with binding '${binding}' denied request: ${message}`,
  );
  const { status } = refusal(admission, "admission request denied by policy");
  const { reason } = failures[0]!;
  return new StatusError({
    ...status,
    message: texts[0]!,
    ...(reason === undefined ? {} : { reason }),
    details: { ...status.details, causes: texts.map((message) => ({ message })) },
  });
}
