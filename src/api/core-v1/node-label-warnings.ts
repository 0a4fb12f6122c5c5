import { own } from "#api/checks";
import { at, entry, item } from "#machinery/schema";
import type { NodeSelectorTerm } from "./affinity.ts";

const since = (version: string, label: string): string =>
  `deprecated since ${version}; use "${label}" instead`;

/** Labels of nodes that have another name now. */
const OUTDATED: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": since("v1.14", "kubernetes.io/arch"),
  "beta.kubernetes.io/os": since("v1.14", "kubernetes.io/os"),
  "failure-domain.beta.kubernetes.io/region": since("v1.17", "topology.kubernetes.io/region"),
  "failure-domain.beta.kubernetes.io/zone": since("v1.17", "topology.kubernetes.io/zone"),
  "beta.kubernetes.io/instance-type": since("v1.17", "node.kubernetes.io/instance-type"),
};

/** What to say of a label of nodes that has another name now. */
export const outdatedNodeLabel = (label: string): string | undefined => own(OUTDATED, label);

export function* nodeSelectorWarnings(
  selector: Readonly<Record<string, string>> | undefined,
  path: string,
): Iterable<string> {
  for (const label of Object.keys(selector ?? {})) {
    const text = outdatedNodeLabel(label);
    if (text) yield `${entry(path, label)}: ${text}`;
  }
}

/** `path` leads to the term. */
export function* nodeTermWarnings(term: NodeSelectorTerm, path: string): Iterable<string> {
  for (const [index, { key }] of (term.matchExpressions ?? []).entries()) {
    const where = at(item(at(path, "matchExpressions"), index), "key");
    const text = outdatedNodeLabel(key);
    if (text) yield `${where}: ${key} is ${text}`;
  }
}
