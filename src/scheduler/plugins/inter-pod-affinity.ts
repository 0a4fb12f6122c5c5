/** Puts pods near the pods they want beside them, and away from those they do not, in both directions. */
import type { PodAffinityTerm, WeightedPodAffinityTerm } from "#api/core-v1/affinity";
import type { Pod } from "#api/core-v1/pod";
import { compileSelector } from "#machinery/label-selector";
import type { ClusterState } from "../cluster-state.ts";
import type { NodeInfo } from "../node-info.ts";
import type { Marked } from "../placed-pod.ts";
import { fits, indifferent, plugin, rejected, SCORE_MAX } from "../plugin.ts";

/** Domains as `key=value`, with how much speaks for or against each. */
type Domains = Map<string, number>;

interface Neighbours {
  /** For each required affinity term: domains that hold a matching pod. */
  readonly wanted: readonly {
    readonly key: string;
    readonly domains: Domains;
    readonly selfMatch: boolean;
  }[];
  /** Domains that the pod's own anti-affinity rules out. */
  readonly avoided: Domains;
  /** Domains from which running pods keep this one away. */
  readonly closed: Domains;
  readonly preferred: Domains;
}

const domainOf = (key: string, value: string): string => `${key}=${value}`;

export const interPodAffinity = plugin<Neighbours>({
  name: "InterPodAffinity",
  weight: 2,

  prepare(pod, state) {
    const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
    const closed = closedDomains(pod, state);
    if (!podAffinity && !podAntiAffinity && closed.size === 0) return indifferent;
    return {
      wanted: (podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => ({
        key: term.topologyKey,
        domains: domainsWith(term, pod, state),
        selfMatch: matcherOf(term, pod, state)(pod),
      })),
      avoided: mergedDomains(
        (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) =>
          domainsWith(term, pod, state),
        ),
      ),
      closed,
      preferred: preferredDomains(pod, state),
    };
  },

  filter({ wanted, avoided, closed }, node) {
    if (touches(closed, node)) return rejected(["node(s) didn't satisfy existing pods anti-affinity rules"]);
    if (touches(avoided, node)) return rejected(["node(s) didn't match pod anti-affinity rules"]);
    // The first of a group that wants its own kind beside it may start anywhere.
    const first = wanted.every(({ domains, selfMatch }) => domains.size === 0 && selfMatch);
    const near = wanted.every(({ key, domains }) => {
      const value = node.labels[key];
      return value !== undefined && (first || domains.has(domainOf(key, value)));
    });
    return near ? fits : rejected(["node(s) didn't match pod affinity rules"], { preemptible: false });
  },

  score: ({ preferred }, node) => {
    let sum = 0;
    for (const [key, value] of Object.entries(node.labels)) sum += preferred.get(domainOf(key, value)) ?? 0;
    return sum;
  },

  normalize(scores) {
    const [least, most] = [Math.min(...scores), Math.max(...scores)];
    return scores.map((score) =>
      most === least ? 0 : Math.floor((SCORE_MAX * (score - least)) / (most - least)),
    );
  },

  wakesOn: [
    { kind: "Pod", change: "added" },
    { kind: "Pod", change: "deleted" },
    { kind: "Pod", change: "labels" },
    { kind: "Node", change: "added" },
    { kind: "Node", change: "labels" },
    { kind: "Namespace", change: "labels" },
  ],
});

function touches(domains: Domains, node: NodeInfo): boolean {
  if (domains.size === 0) return false;
  for (const domain of domains.keys()) {
    const split = domain.indexOf("=");
    if (node.labels[domain.slice(0, split)] === domain.slice(split + 1)) return true;
  }
  return false;
}

/** Does a pod match the term of `owner`, by namespace and labels? */
function matcherOf(term: PodAffinityTerm, owner: Marked, state: ClusterState): (other: Marked) => boolean {
  const selected = term.labelSelector ? compileSelector(term.labelSelector) : () => false;
  const inNamespace = namespaceMatcher(term, owner, state);
  const own = owner.metadata.labels ?? {};
  return ({ metadata: { namespace = "", labels = {} } }) =>
    inNamespace(namespace) &&
    selected(labels) &&
    (term.matchLabelKeys ?? []).every((key) => own[key] === undefined || labels[key] === own[key]) &&
    (term.mismatchLabelKeys ?? []).every((key) => own[key] === undefined || labels[key] !== own[key]);
}

function namespaceMatcher(
  term: PodAffinityTerm,
  owner: Marked,
  state: ClusterState,
): (namespace: string) => boolean {
  const { namespaces = [], namespaceSelector } = term;
  if (namespaces.length === 0 && !namespaceSelector)
    return (namespace) => namespace === owner.metadata.namespace;
  const selected = namespaceSelector ? compileSelector(namespaceSelector) : () => false;
  return (namespace) => namespaces.includes(namespace) || selected(state.namespaceLabels(namespace));
}

function domainsWith(term: PodAffinityTerm, pod: Marked, state: ClusterState, weight = 1): Domains {
  const domains: Domains = new Map();
  const matches = matcherOf(term, pod, state);
  const inNamespace = namespaceMatcher(term, pod, state);
  for (const namespace of state.namespacesWithPods) {
    if (!inNamespace(namespace)) continue;
    for (const other of state.podsIn(namespace)) {
      if (matches(other)) count(domains, term.topologyKey, state.nodeOf(other), weight);
    }
  }
  return domains;
}

function count(domains: Domains, key: string, node: NodeInfo | undefined, weight: number): void {
  const value = node?.labels[key];
  if (value === undefined) return;
  const domain = domainOf(key, value);
  domains.set(domain, (domains.get(domain) ?? 0) + weight);
}

function mergedDomains(parts: readonly Domains[]): Domains {
  const merged: Domains = new Map();
  for (const part of parts)
    for (const [domain, weight] of part) merged.set(domain, (merged.get(domain) ?? 0) + weight);
  return merged;
}

function closedDomains(pod: Marked, state: ClusterState): Domains {
  const closed: Domains = new Map();
  for (const other of state.repelling.values()) {
    const terms = other.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    for (const term of terms) {
      if (matcherOf(term, other, state)(pod)) count(closed, term.topologyKey, state.nodeOf(other), 1);
    }
  }
  return closed;
}

function preferredDomains(pod: Pod, state: ClusterState): Domains {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const weighted = (terms: readonly WeightedPodAffinityTerm[] | undefined, sign: 1 | -1) =>
    (terms ?? []).map(({ weight, podAffinityTerm }) =>
      domainsWith(podAffinityTerm, pod, state, sign * weight),
    );
  return mergedDomains([
    ...weighted(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution, 1),
    ...weighted(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution, -1),
  ]);
}
