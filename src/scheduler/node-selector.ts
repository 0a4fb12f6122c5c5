import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from "#api/core-v1/affinity";
import type { NodeInfo } from "./node-info.ts";

/** Terms are alternatives; a term without requirements matches nothing. */
export const matchesNodeSelector = ({ nodeSelectorTerms }: NodeSelector, node: NodeInfo): boolean =>
  nodeSelectorTerms.some((term) => matchesTerm(term, node));

export function matchesTerm(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  node: NodeInfo,
): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  return (
    matchExpressions.every((requirement) => meets(requirement, node.labels[requirement.key])) &&
    matchFields.every((requirement) => requirement.key === "metadata.name" && meets(requirement, node.name))
  );
}

function meets({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return value !== undefined && isInteger(value) && Number(value) > Number(values[0]);
    case "Lt":
      return value !== undefined && isInteger(value) && Number(value) < Number(values[0]);
    default:
      // No such operator is let in.
      return false;
  }
}

const isInteger = (text: string): boolean => /^-?[0-9]+$/.test(text);
