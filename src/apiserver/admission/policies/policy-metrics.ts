import { Counter, Histogram, type Registry } from "prom-client";

/** What went wrong with an expression, if anything. */
export type ErrorType = "compile_error" | "invalid_error" | "out_of_budget" | "no_error";

/** What became of a request. */
export type Enforcement = "allow" | "deny" | "audit" | "warn";

const BUCKETS_SECONDS = [0.0000005, 0.001, 0.01, 0.1, 1];

interface Labels {
  readonly policy: string;
  readonly policy_binding: string;
  readonly error_type: ErrorType;
  readonly enforcement_action?: Enforcement;
}

/** What policies of one kind cost and refuse. */
export class PolicyMetrics {
  readonly #checks: Counter<keyof Labels>;
  readonly #durations: Histogram<keyof Labels>;

  constructor(kind: "validating" | "mutating", registry: Registry) {
    const common = ["policy", "policy_binding", "error_type"] as const;
    const labelNames = kind === "validating" ? [...common, "enforcement_action" as const] : common;
    const registers = [registry];
    this.#checks = new Counter({
      name: `apiserver_${kind}_admission_policy_check_total`,
      help: `Checks of ${kind} admission policies.`,
      labelNames,
      registers,
    });
    this.#durations = new Histogram({
      name: `apiserver_${kind}_admission_policy_check_duration_seconds`,
      help: `Seconds that single expressions of ${kind} admission policies took.`,
      labelNames,
      buckets: BUCKETS_SECONDS,
      registers,
    });
  }

  checked(labels: Labels, tookMs: number): void {
    const named = { ...labels };
    this.#checks.inc(named);
    this.#durations.observe(named, tookMs / 1000);
  }
}

/** By how messages about failed expressions begin. */
export function errorTypeOf(message: string): ErrorType {
  if (message.startsWith("compilation")) return "compile_error";
  return message.startsWith("validation failed due to running out of cost budget")
    ? "out_of_budget"
    : "invalid_error";
}
