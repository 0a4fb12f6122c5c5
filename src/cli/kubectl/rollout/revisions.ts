import type { Cluster } from "../cluster.ts";
import { type AnyObject, at, type Json, selectorText } from "../objects.ts";
import type { Target } from "../states.ts";

/** One version of a pod template that was rolled out. */
export interface Revision {
  readonly number: number;
  readonly cause: string;
  /** The pod template. */
  readonly template: Json;
}

const REVISION = "deployment.kubernetes.io/revision";
const CAUSE = "kubernetes.io/change-cause";

/** The revisions that are kept, oldest first. */
export async function revisionsOf(
  cluster: Cluster,
  { kind, namespace, name }: Target,
): Promise<{ readonly object: AnyObject; readonly revisions: readonly Revision[] }> {
  const object = await cluster.get(kind, name, namespace);
  const labelSelector = selectorText(at(object, "spec.selector") as Parameters<typeof selectorText>[0]);
  const keptAs = kind.plural === "deployments" ? "replicasets.apps" : "controllerrevisions.apps";
  const all = await cluster.list(await cluster.kind(keptAs), namespace, { labelSelector });
  const owned = all.filter(({ metadata }) =>
    metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === object.metadata.uid),
  );
  const revisions = owned.map((each) =>
    kind.plural === "deployments" ? ofReplicaSet(each) : ofControllerRevision(each),
  );
  return {
    object,
    revisions: revisions
      .filter(({ number }) => number > 0)
      .toSorted((one, other) => one.number - other.number),
  };
}

const causeOf = ({ metadata }: AnyObject): string => metadata.annotations?.[CAUSE] ?? "<none>";

const ofReplicaSet = (set: AnyObject): Revision => ({
  number: Number(set.metadata.annotations?.[REVISION] ?? 0),
  cause: causeOf(set),
  template: withoutHash(at(set, "spec.template") as Json),
});

const ofControllerRevision = (revision: AnyObject): Revision => ({
  number: Number(revision.revision ?? 0),
  cause: causeOf(revision),
  template: at(revision, "data.spec.template") as Json,
});

/** The label that tells the sets of a deployment apart is no part of what was wanted. */
function withoutHash(template: Json): Json {
  const metadata = (template.metadata ?? {}) as { readonly labels?: Readonly<Record<string, string>> };
  const { "pod-template-hash": _hash, ...labels } = metadata.labels ?? {};
  return { ...template, metadata: { ...metadata, labels } };
}
