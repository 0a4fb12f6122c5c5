/** Conditions that a write must meet for a webhook or a policy to have a say in it. */
import { compileCondition, type Compiled } from "#api/admissionregistration-v1/expressions";
import type { MatchCondition } from "#api/admissionregistration-v1/matching";
import type { Clock } from "#base/clock";
import { isError } from "#machinery/cel/values";
import { type Activation, Budget, OutOfBudget } from "./activation.ts";
import type { ConditionMetrics, ConditionOwner } from "./condition-metrics.ts";

export interface Condition {
  readonly expression: string;
  readonly compiled: Compiled;
}

export const compileConditions = (
  conditions: readonly MatchCondition[] = [],
  compile: (expression: string) => Compiled = compileCondition,
): readonly Condition[] =>
  conditions.map(({ expression }) => {
    const trimmed = expression.trim();
    return { expression: trimmed, compiled: compile(trimmed) };
  });

/** All conditions of one webhook or policy may cost this much for one request, in cost units. */
const BUDGET = 2_500_000;

/** Conditions with what is told of them. */
export interface Conditions {
  readonly owner: ConditionOwner;
  readonly conditions: readonly Condition[];
}

export interface ConditionOptions {
  readonly clock: Clock;
  readonly metrics: ConditionMetrics;
}

/** Do they hold? A text says why nobody can tell. One that is false decides, whatever becomes of the others. */
export async function met(
  { owner, conditions }: Conditions,
  activation: Activation,
  { clock, metrics }: ConditionOptions,
): Promise<boolean | string> {
  if (conditions.length === 0) return true;
  const startMs = clock.monotonic();
  const held = await allHold(conditions, activation);
  metrics.evaluated(owner, activation.seen.admission.operation, held, clock.monotonic() - startMs);
  return held;
}

async function allHold(conditions: readonly Condition[], activation: Activation): Promise<boolean | string> {
  const failures: string[] = [];
  const budget = new Budget(BUDGET);
  try {
    for (const { expression, compiled } of conditions) {
      if ("error" in compiled) {
        failures.push(`compilation error: ${compiled.error}`);
        continue;
      }
      const value = await activation.evaluate(compiled.program, budget);
      if (value === false) return false;
      if (isError(value)) failures.push(`expression '${expression}' resulted in error: ${value.message}`);
    }
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error;
    failures.push(error.message);
  }
  if (failures.length === 0) return true;
  return failures.length === 1 ? failures[0]! : `[${failures.join(", ")}]`;
}
