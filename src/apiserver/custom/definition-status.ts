import { APPROVED, approvalOf } from "#api/apiextensions-v1/api-approval";
import type { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { sameJson } from "#machinery/same-json";
import { formatTime } from "#machinery/time";
import { type NamesOutcome, settleNames } from "./names.ts";

export type DefinitionStatus = CustomResourceDefinition["status"];
type Condition = NonNullable<DefinitionStatus["conditions"]>[number];
type Change = Pick<Condition, "type" | "status" | "reason" | "message">;

export const isTrue = ({ status }: CustomResourceDefinition, type: string): boolean =>
  status?.conditions?.some((one) => one.type === type && one.status === "True") ?? false;

/** What a definition's names have come to. Once established a kind stays, whatever becomes of its names. */
export function observe(
  definition: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
  nowMs: number,
): DefinitionStatus {
  const names = settleNames(definition, others);
  const changes = [
    acceptedCondition(names),
    ...establishedConditions(definition, names),
    ...approvalConditions(definition),
  ];
  return withConditions(definition.status, { acceptedNames: names.accepted }, changes, nowMs);
}

const acceptedCondition = ({ conflict }: NamesOutcome): Change =>
  conflict
    ? { type: "NamesAccepted", status: "False", ...conflict }
    : { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" };

function establishedConditions(definition: CustomResourceDefinition, { conflict }: NamesOutcome): Change[] {
  if (isTrue(definition, "Established")) return [];
  const established = conflict
    ? { status: "False", reason: "NotAccepted", message: "not all names are accepted" }
    : { status: "True", reason: "InitialNamesAccepted", message: "the initial names have been accepted" };
  return [{ type: "Established", ...established }];
}

/** Of definitions in the project's own groups. */
function approvalConditions({ metadata, spec }: CustomResourceDefinition): Change[] {
  const approval = approvalOf(spec.group, metadata.annotations?.[APPROVED]);
  if (!approval) return [];
  const status = approval.reason === "ApprovedAnnotation" ? "True" : "False";
  return [{ type: "KubernetesAPIApprovalPolicyConformant", status, ...approval }];
}

/** The status while the objects of the kind are being deleted. */
export const terminating = (
  { status }: CustomResourceDefinition,
  change: Omit<Change, "type">,
  nowMs: number,
): DefinitionStatus => withConditions(status, {}, [{ type: "Terminating", ...change }], nowMs);

/** Times change only where the condition does. The same status comes back where nothing changes. */
function withConditions(
  status: DefinitionStatus,
  members: Partial<DefinitionStatus>,
  changes: readonly Change[],
  nowMs: number,
): DefinitionStatus {
  const conditions = [...(status?.conditions ?? [])];
  for (const change of changes) {
    const at = conditions.findIndex(({ type }) => type === change.type);
    const before = conditions[at];
    const isSame =
      before?.status === change.status &&
      before.reason === change.reason &&
      before.message === change.message;
    if (isSame) continue;
    const lastTransitionTime =
      before?.status === change.status ? before.lastTransitionTime : formatTime(nowMs);
    const { type, status: is, reason, message } = change;
    const made = {
      type,
      status: is,
      lastTransitionTime: lastTransitionTime ?? null,
      reason,
      message,
    } as Condition;
    if (at < 0) conditions.push(made);
    else conditions[at] = made;
  }
  const made = { ...status, ...members, conditions };
  return sameJson(made, status) ? status : made;
}
