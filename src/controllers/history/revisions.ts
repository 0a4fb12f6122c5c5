import { ControllerRevision } from "#api/apps-v1/controllerrevision";
import type { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { stringifyJson } from "#machinery/json";
import type { AnyObject, Resource } from "#machinery/schema";
import { hasReason } from "#machinery/status";
import type { Pass } from "#reconciler/controller";
import { sameJson } from "#machinery/same-json";
import { BY_CONTROLLER, controllerReference } from "#reconciler/owner";
import { templateHash } from "../deployment/template-hash.ts";

export const REVISION_HASH = "controller-revision-hash";

interface Owner extends AnyObject {
  readonly spec: { readonly template: PodTemplateSpec; readonly revisionHistoryLimit: number };
  readonly status: { readonly collisionCount?: number };
}

export interface History {
  /** All revisions, oldest first. */
  readonly revisions: readonly ControllerRevision[];
  /** The one with the present template. */
  readonly current: ControllerRevision;
}

/** A strategic merge patch that brings the template back, as `kubectl rollout undo` applies it. */
const dataOf = (template: PodTemplateSpec) => ({ spec: { template: { ...template, $patch: "replace" } } });

/** The template that a revision holds. */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec | undefined {
  const { template } =
    (data as { readonly spec?: { readonly template?: PodTemplateSpec } } | null)?.spec ?? {};
  if (!template) return undefined;
  const { $patch: _strategy, ...plain } = template as PodTemplateSpec & { readonly $patch?: string };
  return plain;
}

export const hashOf = ({ metadata }: ControllerRevision): string =>
  metadata.labels?.[REVISION_HASH] ?? metadata.name;

/** The revisions of an owner, with one for its present template: made, or brought to the front. */
export async function syncHistory<T extends Owner>(
  kind: Resource<T>,
  owner: T,
  pass: Pass,
): Promise<History> {
  const known = [...pass.cache(ControllerRevision).byIndex(BY_CONTROLLER, owner.metadata.uid)];
  const revisions = known.toSorted((a, b) => Number(a.revision) - Number(b.revision));
  const data = dataOf(owner.spec.template);
  const same = revisions.findLast((revision) => sameJson(revision.data, data));
  const newest = revisions.at(-1);
  if (same && same === newest) return { revisions, current: same };
  const next = Number(newest?.revision ?? 0) + 1;
  if (same) {
    const current = await pass.write.update(ControllerRevision, { ...same, revision: next });
    return { revisions: [...revisions.filter((revision) => revision !== same), current], current };
  }
  const current = await create(kind, owner, data, next, pass);
  return { revisions: [...revisions, current], current };
}

async function create<T extends Owner>(
  kind: Resource<T>,
  owner: T,
  data: unknown,
  revision: number,
  { write, client, signal }: Pass,
): Promise<ControllerRevision> {
  const { name, namespace = "" } = owner.metadata;
  for (let collisions = owner.status.collisionCount ?? 0; ; collisions++) {
    const hash = templateHash(owner.spec.template, collisions);
    const at = { namespace, name: `${name}-${hash}` };
    const labels = { ...owner.spec.template.metadata.labels, [REVISION_HASH]: hash };
    const ownerReferences = [controllerReference(kind, owner)];
    try {
      return await write.create(ControllerRevision, {
        metadata: { ...at, labels, ownerReferences },
        data,
        revision,
      });
    } catch (error) {
      if (!hasReason(error, "AlreadyExists")) throw error;
      const taken = await client.get(ControllerRevision, at, { signal });
      const isOurs = taken.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid);
      if (isOurs && stringifyJson(taken.data) === stringifyJson(data)) return taken;
    }
  }
}

/** Forgets the oldest revisions that no pod has, beyond the limit. Pods carry a revision's hash or its name. */
export async function forgetRevisions(
  { revisions, current }: History,
  inUse: ReadonlySet<string>,
  limit: number,
  { write }: Pass,
): Promise<void> {
  const isUsed = (revision: ControllerRevision) =>
    inUse.has(hashOf(revision)) || inUse.has(revision.metadata.name);
  const idle = revisions.filter((revision) => revision !== current && !isUsed(revision));
  await write.removeAll(ControllerRevision, idle.slice(0, Math.max(0, idle.length - limit)));
}
