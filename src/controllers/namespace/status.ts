import type { Namespace } from "#api/core-v1/namespace";
import { withCondition } from "../conditions.ts";
import { type Emptying, finalizersIn, finalizersText, remainingText } from "./content.ts";

type NamespaceCondition = NonNullable<Namespace["status"]["conditions"]>[number];

/** The conditions of a namespace that is being emptied. */
export function observe({ status }: Namespace, emptying: Emptying, nowMs: number): Namespace["status"] {
  let conditions: readonly NamespaceCondition[] = status.conditions ?? [];
  for (const condition of conditionsOf(emptying)) conditions = withCondition(conditions, condition, nowMs);
  return { ...status, conditions };
}

function conditionsOf({ remaining, failures }: Emptying) {
  const finalizers = finalizersIn(remaining);
  return [
    is(
      "NamespaceDeletionDiscoveryFailure",
      false,
      "ResourcesDiscovered",
      "All resources successfully discovered",
    ),
    is(
      "NamespaceDeletionGroupVersionParsingFailure",
      false,
      "ParsedGroupVersions",
      "All legacy kube types successfully parsed",
    ),
    failures.length > 0
      ? is("NamespaceDeletionContentFailure", true, "ContentDeletionFailed", failureText(failures))
      : is(
          "NamespaceDeletionContentFailure",
          false,
          "ContentDeleted",
          "All content successfully deleted, may be waiting on finalization",
        ),
    remaining.length > 0
      ? is("NamespaceContentRemaining", true, "SomeResourcesRemain", remainingText(remaining))
      : is("NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed"),
    finalizers.size > 0
      ? is("NamespaceFinalizersRemaining", true, "SomeFinalizersRemain", finalizersText(finalizers))
      : is(
          "NamespaceFinalizersRemaining",
          false,
          "ContentHasNoFinalizers",
          "All content-preserving finalizers finished",
        ),
  ];
}

const is = (type: string, holds: boolean, reason: string, message: string) => ({
  type,
  status: holds ? "True" : "False",
  reason,
  message,
});

const failureText = (failures: readonly Error[]): string =>
  `Failed to delete all resource types, ${failures.length} remaining: ${failures.map(({ message }) => message).join(", ")}`;
