/** Turns away nodes without room for the pod's requests; prefers the emptiest of the rest. */
import { fits, plugin, rejected, SCORE_MAX } from "../plugin.ts";
import { type Amounts, requestsOf } from "#api/core-v1/podresources";

/** Resources that count towards the score; every requested one counts towards the filter. */
const SCORED = ["cpu", "memory"] as const;

export const nodeResourcesFit = plugin<Amounts>({
  name: "NodeResourcesFit",
  weight: 1,

  prepare: (pod) => new Map([["pods", 1], ...[...requestsOf(pod)].filter(([, wanted]) => wanted > 0)]),

  filter(requests, node, { spec, metadata }) {
    let reasons: string[] | undefined;
    let preemptible = true;
    for (const [resource, wanted] of requests) {
      if (wanted <= node.free(resource, spec.priority ?? 0, metadata.uid)) continue;
      (reasons ??= []).push(reason(resource));
      // Not even an empty node of this size would do.
      if (wanted > node.allocatable(resource)) preemptible = false;
    }
    return reasons ? rejected(reasons, { preemptible }) : fits;
  },

  /** The mean share of each scored resource that stays free with the pod placed. */
  score(requests, node) {
    let shares = 0;
    for (const resource of SCORED) {
      const left = node.free(resource) - (requests.get(resource) ?? 0);
      shares += Math.max(0, left) / Math.max(1, node.allocatable(resource));
    }
    return Math.floor((SCORE_MAX * shares) / SCORED.length);
  },

  wakesOn: [
    { kind: "Pod", change: "deleted" },
    { kind: "Pod", change: "scaled-down" },
    { kind: "Node", change: "added" },
    { kind: "Node", change: "allocatable" },
  ],
});

const reason = (resource: string): string =>
  resource === "pods" ? "Too many pods" : `Insufficient ${resource}`;
