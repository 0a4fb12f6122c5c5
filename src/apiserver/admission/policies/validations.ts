/** What a validating policy says about one write. */
import type { Compiled } from "#api/admissionregistration-v1/expressions";
import type { PolicyCompiler } from "#api/admissionregistration-v1/policy-compiler";
import type { ValidatingAdmissionPolicy } from "#api/admissionregistration-v1/validatingadmissionpolicy";
import { BOOL, NULL, STRING } from "#machinery/cel/types";
import { CelError, isError, type Result, typeNameOf } from "#machinery/cel/values";
import { type Activation, Budget, OutOfBudget } from "../expressions/activation.ts";
import { type ConditionOptions, met } from "../expressions/conditions.ts";
import { type ErrorType, errorTypeOf } from "./policy-metrics.ts";
import type { Policy } from "./source.ts";

interface Validation {
  readonly expression: string;
  readonly compiled: Compiled;
  /** Makes the message of a refusal. */
  readonly messageCompiled: Compiled | undefined;
  readonly message: string;
  readonly reason: string | undefined;
}

interface Annotation {
  readonly key: string;
  readonly expression: string;
  readonly compiled: Compiled;
}

export interface Validations {
  readonly validations: readonly Validation[];
  readonly annotations: readonly Annotation[];
}

export function compileValidations(
  { spec: { validations = [], auditAnnotations = [] } }: ValidatingAdmissionPolicy,
  compiler: PolicyCompiler,
): Validations {
  return {
    validations: validations.map(({ expression, message = "", messageExpression, reason }) => ({
      expression,
      compiled: compiler.expression(expression, BOOL),
      messageCompiled: messageExpression ? compiler.message(messageExpression, STRING) : undefined,
      message: message.trim(),
      reason,
    })),
    annotations: auditAnnotations.map(({ key, valueExpression }) => ({
      key,
      expression: valueExpression,
      compiled: compiler.expression(valueExpression.trim(), STRING, NULL),
    })),
  };
}

/** A validation that does not hold, or that cannot be evaluated. */
export interface Finding {
  /** Its place in the policy. */
  readonly index: number;
  readonly message: string;
  readonly reason: string | undefined;
  readonly errorType: ErrorType;
  readonly tookMs: number;
  /** It could not be evaluated, and the policy lets requests go on then. */
  readonly tolerated: boolean;
}

export interface Verdict {
  readonly findings: readonly Finding[];
  /** For the audit record: keys and values. */
  readonly annotations: readonly (readonly [key: string, value: string])[];
  /** Annotations that cannot be made; they are refusals, whatever the bindings' actions. */
  readonly failedAnnotations: readonly Finding[];
}

/** What all expressions of a policy may cost for one request, in cost units. */
export const POLICY_BUDGET = 10_000_000;
/** Longer messages that are made by expressions are not used. Bytes. */
const MESSAGE_MAX = 5 * 1024;

const NOTHING: Verdict = { findings: [], annotations: [], failedAnnotations: [] };

export function judge(
  policy: Policy<Validations>,
  activation: Activation,
  options: ConditionOptions,
): Promise<Verdict> {
  const judge = new Judge(policy, activation, options);
  return policy.conditions.length === 0 ? judge.verdict() : judge.verdictIfMet();
}

/** A validation that is not true. */
interface Failed {
  readonly index: number;
  readonly validation: Validation;
  readonly value: Result;
  readonly tookMs: number;
}

class Judge {
  readonly #policy: Policy<Validations>;
  readonly #activation: Activation;
  readonly #options: ConditionOptions;

  constructor(policy: Policy<Validations>, activation: Activation, options: ConditionOptions) {
    this.#policy = policy;
    this.#activation = activation;
    this.#options = options;
  }

  async verdictIfMet(): Promise<Verdict> {
    const { name, conditions } = this.#policy;
    const owner = { name, kind: "policy", type: "validate" } as const;
    const held = await met({ owner, conditions }, this.#activation, this.#options);
    if (held === true) return this.verdict();
    // A policy that lets requests go on leaves out those that its conditions cannot tell about.
    if (held === false || this.#policy.failsOpen) return NOTHING;
    return { ...NOTHING, findings: [this.#failure(0, held, 0)] };
  }

  async verdict(): Promise<Verdict> {
    const { validations, annotations } = this.#policy.work;
    const findings: Finding[] = [];
    try {
      const budget = new Budget(POLICY_BUDGET);
      for (const [index, validation] of validations.entries()) {
        const startMs = this.#options.clock.monotonic();
        const answer = this.#evaluate(validation.compiled, validation.expression, budget);
        const value = answer instanceof Promise ? await answer : answer;
        if (value === true) continue;
        const tookMs = this.#options.clock.monotonic() - startMs;
        findings.push(await this.#finding({ index, validation, value, tookMs }, budget));
      }
      if (annotations.length === 0 && findings.length === 0) return NOTHING;
      return { findings, ...(await this.#annotations(annotations)) };
    } catch (error) {
      if (!(error instanceof OutOfBudget)) throw error;
      return { ...NOTHING, findings: [this.#failure(0, error.message, 0)] };
    }
  }

  async #finding({ index, validation, value, tookMs }: Failed, budget: Budget): Promise<Finding> {
    if (isError(value)) return this.#failure(index, value.message, tookMs);
    try {
      const message = await this.#messageOf(validation, budget);
      const { reason } = validation;
      return { index, message, reason, errorType: "no_error", tookMs, tolerated: false };
    } catch (error) {
      if (!(error instanceof OutOfBudget)) throw error;
      return this.#failure(index, `failed messageExpression: ${error.message}`, tookMs);
    }
  }

  async #messageOf({ expression, messageCompiled, message }: Validation, budget: Budget): Promise<string> {
    const plain = message || `failed expression: ${expression.trim()}`;
    if (!messageCompiled || "error" in messageCompiled) return plain;
    const value = await this.#activation.evaluate(messageCompiled.program, budget);
    const text = typeof value === "string" ? value.trim() : "";
    const usable = text !== "" && Buffer.byteLength(text) <= MESSAGE_MAX && !text.includes("\n");
    return usable ? text : plain;
  }

  async #annotations(
    annotations: readonly Annotation[],
  ): Promise<Pick<Verdict, "annotations" | "failedAnnotations">> {
    const made: (readonly [string, string])[] = [];
    const failed: Finding[] = [];
    const budget = new Budget(POLICY_BUDGET);
    for (const [index, { key, expression, compiled }] of annotations.entries()) {
      const startMs = this.#options.clock.monotonic();
      const value = await this.#evaluate(compiled, expression.trim(), budget);
      const tookMs = this.#options.clock.monotonic() - startMs;
      if (isError(value)) failed.push(this.#failure(index, value.message, tookMs));
      else if (typeof value === "string") {
        if (value.trim() !== "") made.push([key, value.trim()]);
      } else if (value !== null) {
        const found = `resulted in unsupported return type: ${typeNameOf(value)}`;
        const text = `valueExpression '${expression}' ${found}. Return type must be either string or null.`;
        failed.push(this.#failure(index, text, tookMs));
      }
    }
    return { annotations: made, failedAnnotations: failed };
  }

  #evaluate(compiled: Compiled, expression: string, budget: Budget): Result | Promise<Result> {
    if ("error" in compiled) return new CelError(`compilation error: ${compiled.error}`);
    const named = (value: Result): Result =>
      isError(value) ? new CelError(`expression '${expression}' resulted in error: ${value.message}`) : value;
    const value = this.#activation.evaluate(compiled.program, budget);
    return value instanceof Promise ? value.then(named) : named(value);
  }

  #failure(index: number, message: string, tookMs: number): Finding {
    const tolerated = this.#policy.failsOpen;
    return { index, message, reason: undefined, errorType: errorTypeOf(message), tookMs, tolerated };
  }
}
