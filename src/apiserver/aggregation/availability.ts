import type { APIService, APIServiceCondition } from "#api/apiregistration-v1/apiservice";
import { formatTime } from "#machinery/time";

/** What is known of an API service: whether it answers, and why. */
export interface Availability {
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

export const LOCAL: Availability = {
  status: "True",
  reason: "Local",
  message: "Local APIServices are always available",
};

export const PASSED: Availability = { status: "True", reason: "Passed", message: "all checks passed" };

export const unavailable = (reason: string, message: string): Availability => ({
  status: "False",
  reason,
  message,
});

const TYPE = "Available";

const conditionOf = ({ status }: APIService): APIServiceCondition | undefined =>
  status?.conditions?.find(({ type }: APIServiceCondition) => type === TYPE);

export const isAvailable = (service: APIService): boolean => conditionOf(service)?.status === "True";

/** The object with this condition; the same object where it says so already. */
export function withAvailability(service: APIService, known: Availability, nowMs: number): APIService {
  const before = conditionOf(service);
  const { status, reason, message } = known;
  if (before?.status === status && before.reason === reason && before.message === message) return service;
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : formatTime(nowMs);
  const condition = { type: TYPE, status, lastTransitionTime, reason, message } as APIServiceCondition;
  const others = service.status?.conditions?.filter(({ type }: APIServiceCondition) => type !== TYPE) ?? [];
  return { ...service, status: { ...service.status, conditions: [...others, condition] } };
}
