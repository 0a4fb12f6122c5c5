import type { Namespace } from "#api/core-v1/namespace";
import { withCondition } from "../conditions.ts";
import { type Emptying, type Undiscovered, finalizersIn, finalizersText, remainingText } from "./content.ts";

type NamespaceCondition = NonNullable<Namespace["status"]["conditions"]>[number];

/** The conditions of a namespace that is being emptied. */
export function observe({ status }: Namespace, emptying: Emptying, nowMs: number): Namespace["status"] {
  let conditions: readonly NamespaceCondition[] = status.conditions ?? [];
  for (const condition of conditionsOf(emptying)) conditions = withCondition(conditions, condition, nowMs);
  return { ...status, conditions };
}

function conditionsOf({ remaining, failures, undiscovered }: Emptying) {
  const finalizers = finalizersIn(remaining);
  return [
    undiscovered.length > 0
      ? is("NamespaceDeletionDiscoveryFailure", true, "DiscoveryFailed", undiscoveredText(undiscovered))
      : is(
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

const undiscoveredText = (undiscovered: readonly Undiscovered[]): string => {
  const each = undiscovered.map(({ apiVersion, error }) => `${apiVersion}: ${error.message}`).toSorted();
  const why = `unable to retrieve the complete list of server APIs: ${each.join(", ")}`;
  return `Discovery failed for some groups, ${undiscovered.length} failing: ${why}`;
};

const failureText = (failures: readonly Error[]): string =>
  `Failed to delete all resource types, ${failures.length} remaining: ${failures.map(({ message }) => message).join(", ")}`;
