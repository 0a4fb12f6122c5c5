import type { ValidatingAdmissionPolicyBinding } from "#api/admissionregistration-v1/validatingadmissionpolicybinding";
import type { Clock } from "#base/clock";
import { type StatusReason, StatusError } from "#machinery/status";
import type { Admission, AdmissionPlugin, Authorizer } from "../../contracts.ts";
import { refusal } from "../about.ts";
import { Access } from "../expressions/access.ts";
import { Activation } from "../expressions/activation.ts";
import type { ConditionMetrics } from "../expressions/condition-metrics.ts";
import type { Equivalents } from "../matching/equivalents.ts";
import { seenAs } from "../matching/seen.ts";
import { isExempt } from "./exempt.ts";
import type { Invocation, Invocations } from "./invocations.ts";
import type { PolicyMetrics } from "./policy-metrics.ts";
import type { ActivePolicy, Policy } from "./source.ts";
import { type Finding, judge, type Validations, type Verdict } from "./validations.ts";

type Bound = ValidatingAdmissionPolicyBinding;

export interface ValidatingOptions {
  /** Policies in use; asked anew for each write. */
  readonly active: () => readonly ActivePolicy<Validations, Bound>[];
  readonly invocations: Invocations<Validations, Bound>;
  readonly equivalents: Equivalents;
  readonly authorizer: Authorizer;
  readonly metrics: PolicyMetrics;
  readonly conditionMetrics: ConditionMetrics;
  readonly clock: Clock;
}

/** Lets policies refuse what is written, or say what they think of it. */
export function validatingPolicies(options: ValidatingOptions): AdmissionPlugin {
  const { active, invocations } = options;
  return {
    name: "ValidatingAdmissionPolicy",
    handles: (admission) => active().length > 0 && !isExempt(admission),
    async validate(admission) {
      const found = await invocations.of(active(), admission);
      if (found.length > 0) await new Round(options, admission).run(found);
    },
  };
}

interface Refusal {
  readonly policy: string;
  readonly binding: string | undefined;
  readonly message: string;
  readonly reason: string | undefined;
}

/** One write before all policies that are about it. */
class Round {
  readonly #options: ValidatingOptions;
  readonly #admission: Admission;
  readonly #access: Access;
  readonly #refusals: Refusal[] = [];
  readonly #annotations: AuditAnnotations;
  #isAudited = false;

  constructor(options: ValidatingOptions, admission: Admission) {
    this.#options = options;
    this.#admission = admission;
    this.#access = new Access(options.authorizer, admission.user);
    this.#annotations = new AuditAnnotations();
  }

  /** Throws the first refusal; all policies have been asked by then. */
  async run(found: Awaited<ReturnType<ValidatingOptions["invocations"]["of"]>>): Promise<void> {
    const namespace = await this.#options.invocations.namespaceOf(this.#admission);
    for (const one of found) {
      if ("message" in one) this.#misconfigured(one.policy, one.binding?.name, one.message);
      else await this.#invoke(one, namespace);
    }
    this.#annotations.publish(this.#admission);
    const [first] = this.#refusals;
    if (first) throw refused(this.#admission, first);
  }

  #misconfigured(
    { name, failsOpen }: Policy<Validations>,
    binding: string | undefined,
    message: string,
  ): void {
    if (!failsOpen) this.#refusals.push({ policy: name, binding, message, reason: undefined });
  }

  async #invoke(
    { policy, binding, params, resource }: Invocation<Validations, Bound>,
    namespace: Awaited<ReturnType<ValidatingOptions["invocations"]["namespaceOf"]>>,
  ): Promise<void> {
    const { equivalents, clock, conditionMetrics } = this.#options;
    let seen;
    try {
      const shown = seenAs(this.#admission, resource, equivalents);
      seen = shown instanceof Promise ? await shown : shown;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      const message = `failed to configure policy: failed to convert object version: ${error.message}`;
      return this.#misconfigured(policy, undefined, message);
    }
    const { variables } = policy;
    const activation = new Activation({ seen, access: this.#access, params, namespace, variables });
    this.#settle(policy.name, binding, await judge(policy, activation, { clock, metrics: conditionMetrics }));
  }

  #settle(
    policy: string,
    { name: binding, spec }: Invocation<Validations, Bound>["binding"],
    { findings, annotations, failedAnnotations }: Verdict,
  ): void {
    const { metrics } = this.#options;
    const labels = { policy, policy_binding: binding };
    for (const finding of findings) {
      const { errorType: error_type, tookMs, tolerated } = finding;
      if (tolerated) metrics.checked({ ...labels, error_type, enforcement_action: "allow" }, tookMs);
      else
        for (const action of spec.validationActions ?? []) this.#act(action, policy, binding, spec, finding);
    }
    for (const [key, value] of annotations) this.#annotations.add(`${policy}/${key}`, value);
    for (const { message, errorType: error_type, tookMs, tolerated } of failedAnnotations) {
      if (tolerated) continue;
      this.#refusals.push({ policy, binding, message, reason: undefined });
      metrics.checked({ ...labels, error_type, enforcement_action: "deny" }, tookMs);
    }
  }

  #act(action: string, policy: string, binding: string, spec: Bound["spec"], finding: Finding): void {
    const { message, reason, errorType: error_type, tookMs } = finding;
    const checked = (enforcement_action: "deny" | "warn" | "audit") =>
      this.#options.metrics.checked(
        { policy, policy_binding: binding, error_type, enforcement_action },
        tookMs,
      );
    if (action === "Deny") {
      this.#refusals.push({ policy, binding, message, reason });
      checked("deny");
    } else if (action === "Warn") {
      const head = `Validation failed for ValidatingAdmissionPolicy '${policy}' with binding '${binding}'`;
      this.#admission.warn(`${head}: ${message}`);
      checked("warn");
    } else {
      this.#audit(policy, binding, spec, finding);
      checked("audit");
    }
  }

  /** A record has room for one failure: the first. */
  #audit(policy: string, binding: string, { validationActions }: Bound["spec"], finding: Finding): void {
    if (this.#isAudited) return;
    this.#isAudited = true;
    const { index: expressionIndex, message } = finding;
    const failure = { message, policy, binding, expressionIndex, validationActions };
    this.#admission.annotate(
      "validation.policy.admission.k8s.io/validation_failure",
      JSON.stringify([failure]),
    );
  }
}

/** Of one value. Characters. */
const ANNOTATION_MAX = 10 * 1024;

/** Values of all bindings and params, each once. */
class AuditAnnotations {
  readonly #values = new Map<string, Set<string>>();

  add(key: string, value: string): void {
    const known = this.#values.get(key) ?? new Set();
    this.#values.set(key, known.add(value.slice(0, ANNOTATION_MAX)));
  }

  publish({ annotate }: Admission): void {
    for (const [key, values] of this.#values) annotate(key, [...values].join(", "));
  }
}

const CODES: Readonly<Record<string, number>> = {
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

function refused(
  admission: Admission,
  { policy, binding, message, reason = "Invalid" }: Refusal,
): StatusError {
  const by = binding === undefined ? "" : ` with binding '${binding}'`;
  const why = `ValidatingAdmissionPolicy '${policy}'${by} denied request: ${message}`;
  const { status } = refusal(admission, why);
  return new StatusError({
    ...status,
    reason: reason as StatusReason,
    details: { ...status.details, causes: [{ message: why }] },
    code: CODES[reason] ?? 422,
  });
}
