import type { Deployment } from "#api/apps-v1/deployment";
import type { ReplicaSet } from "#api/apps-v1/replicaset";
import { sameTemplate } from "./template-hash.ts";

export const REVISION = "deployment.kubernetes.io/revision";
export const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";
export const DESIRED = "deployment.kubernetes.io/desired-replicas";
export const MAX = "deployment.kubernetes.io/max-replicas";
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const ROLLBACK_TO = "deprecated.deployment.rollback.to";

/** What a Deployment's own annotations do not give to its sets. */
const OWN = new Set([REVISION, REVISION_HISTORY, DESIRED, MAX, LAST_APPLIED, ROLLBACK_TO]);

/** A past of so many characters is kept with a set. */
const HISTORY_LENGTH_MAX = 2_000;

export const revisionOf = ({ metadata }: ReplicaSet | Deployment): number => {
  const revision = Number(metadata.annotations?.[REVISION] ?? "0");
  return Number.isSafeInteger(revision) ? revision : 0;
};

const byCreation = (a: ReplicaSet, b: ReplicaSet): number => {
  const [left, right] = [a.metadata, b.metadata];
  if (left.creationTimestamp !== right.creationTimestamp) {
    return left.creationTimestamp < right.creationTimestamp ? -1 : 1;
  }
  return left.name < right.name ? -1 : 1;
};

/** The sets of a Deployment: the one with the present template, if there is one, and the others, oldest first. */
export interface Sets {
  readonly current: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
}

export function sortSets({ spec }: Deployment, sets: readonly ReplicaSet[]): Sets {
  const sorted = sets.toSorted(byCreation);
  const current = sorted.find((set) => sameTemplate(set.spec.template, spec.template));
  return { current, old: sorted.filter((set) => set !== current) };
}

export const nextRevision = (old: readonly ReplicaSet[]): number =>
  old.reduce((most, set) => Math.max(most, revisionOf(set)), 0) + 1;

/** Annotations of the current set: the Deployment's, its revision, and which revisions it was before. */
export function annotationsOf(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  revision: number,
): Readonly<Record<string, string>> {
  const mine = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !OWN.has(key));
  const before = current?.metadata.annotations ?? {};
  const annotations = { ...before, ...Object.fromEntries(mine) };
  const was = current ? revisionOf(current) : 0;
  if (was >= revision) return annotations;
  if (was === 0) return { ...annotations, [REVISION]: String(revision) };
  const past = [...(before[REVISION_HISTORY] ?? "").split(",").filter(Boolean), String(was)];
  while (past.join(",").length > HISTORY_LENGTH_MAX) past.shift();
  return { ...annotations, [REVISION]: String(revision), [REVISION_HISTORY]: past.join(",") };
}

/** Old sets without pods beyond the history that is to be kept, oldest revision first. */
export function forgettable({ spec, status }: Deployment, old: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const alive = old.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const surplus = alive.length - spec.revisionHistoryLimit;
  if (surplus <= 0 || status.observedGeneration === undefined) return [];
  return alive
    .toSorted((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, surplus)
    .filter(isEmpty);
}

const isEmpty = ({ spec, status, metadata }: ReplicaSet): boolean =>
  spec.replicas === 0 &&
  status.replicas === 0 &&
  (metadata.generation ?? 0) <= (status.observedGeneration ?? 0);
