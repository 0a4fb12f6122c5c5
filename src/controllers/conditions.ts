import { formatTime } from "#machinery/time";

/** What the conditions of all kinds have in common. */
export interface ConditionLike {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string | null;
}

/** The conditions with this one in its place. Its transition time stays while its status does. */
export function withCondition<C extends ConditionLike>(
  conditions: readonly C[],
  condition: Omit<C, "lastTransitionTime">,
  nowMs: number,
): readonly C[] {
  const known = conditions.find(({ type }) => type === condition.type);
  const same = known?.status === condition.status;
  const lastTransitionTime = same ? known.lastTransitionTime : formatTime(nowMs);
  const made = { ...condition, lastTransitionTime } as C;
  return known ? conditions.map((other) => (other === known ? made : other)) : [...conditions, made];
}

export const withoutCondition = <C extends ConditionLike>(
  conditions: readonly C[],
  type: string,
): readonly C[] =>
  conditions.some((condition) => condition.type === type)
    ? conditions.filter((condition) => condition.type !== type)
    : conditions;
