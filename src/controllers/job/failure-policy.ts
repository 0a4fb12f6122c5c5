import type { Job } from "#api/batch-v1/job";
import type { Pod } from "#api/core-v1/pod";
import { keyOf } from "#client/address";

type Rule = NonNullable<Job["spec"]["podFailurePolicy"]>["rules"][number];

export interface Match {
  readonly action: "FailJob" | "FailIndex" | "Ignore" | "Count";
  /** Says why, for a job that fails because of it. */
  readonly message: string;
}

/** What the job's policy says about a failed pod; the first rule that matches counts. */
export function judgeFailure({ spec }: Job, pod: Pod): Match {
  for (const [at, rule] of (spec.podFailurePolicy?.rules ?? []).entries()) {
    const why = reasonFor(rule, pod);
    if (why) return { action: rule.action, message: `${why} matching ${rule.action} rule at index ${at}` };
  }
  return { action: "Count", message: "" };
}

function reasonFor({ onExitCodes, onPodConditions }: Rule, pod: Pod): string | undefined {
  if (onExitCodes) {
    const { containerName, operator, values } = onExitCodes;
    const statuses = [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])];
    for (const { name, state } of statuses) {
      const code = state?.terminated?.exitCode;
      if (!code || (containerName !== undefined && containerName !== name)) continue;
      if (values.includes(code) === (operator === "In")) {
        return `Container ${name} for pod ${keyOf(pod)} failed with exit code ${code}`;
      }
    }
    return undefined;
  }
  const matches = (type: string, status: string) =>
    pod.status.conditions?.some((condition) => condition.type === type && condition.status === status);
  const pattern = onPodConditions?.find(({ type, status }) => matches(type, status));
  return pattern && `Pod ${keyOf(pod)} has condition ${pattern.type}`;
}
