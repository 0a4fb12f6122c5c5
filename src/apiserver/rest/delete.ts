import { present } from "#base/assert";
import { Status as StatusKind } from "#api/meta-v1/status";
import type { AnyObject } from "#machinery/schema";
import { conflict, notFound, staleVersion } from "#machinery/status";
import type { Answer, Operation } from "../request/operation.ts";
import type { Item } from "../storage/item.ts";
import { CLEANUP_FINALIZER } from "../custom/custom-kinds.ts";
import { type Removal, removalOf } from "./delete-options.ts";
import { planDeletion } from "./deletion-plan.ts";
import type { RestDeps } from "./deps.ts";
import { hookKey } from "./kind-hooks.ts";
import { withMeta } from "./metadata.ts";
import { removeForGood } from "./removal.ts";
import { canonical, statusOf, withStatus } from "./rules.ts";

/** Tries of a deletion that keeps meeting other writes. */
const TRIES = 100;

/** Kinds whose deletion answers with the object that is gone; others answer with a Status. */
const RETURNS_OBJECT = new Set([
  "v1/Pod",
  "v1/PersistentVolume",
  "v1/PersistentVolumeClaim",
  "v1/PodTemplate",
  "v1/ResourceQuota",
  "v1/Service",
  "v1/ServiceAccount",
]);

/** DELETE of one object. */
export async function remove(op: Operation, deps: RestDeps): Promise<Answer> {
  const { kind, info } = op;
  const removal = removalOf(op, deps);
  const storage = present(kind.storage, "storage of a deleted kind");
  const item = await storage.current(kind.resource.namespaced ? info.namespace : "", info.name);
  return removeItem(op, deps, removal, item);
}

export async function removeItem(
  op: Operation,
  deps: RestDeps,
  removal: Removal,
  first: Item,
): Promise<Answer> {
  const old = op.kind.view.object(first);
  checkPreconditions(op, removal, old);
  const admitted = {
    operation: "DELETE",
    object: undefined,
    old,
    name: old.metadata.name,
    options: removal,
    dryRun: removal.dryRun,
  } as const;
  await deps.admission.admit(op, admitted);
  await deps.admission.validate(op, admitted);
  return removeAdmitted(op, deps, removal, first);
}

/** For what has been admitted as something else: an eviction is no deletion to those who may refuse one. */
export async function removeAdmitted(
  op: Operation,
  deps: RestDeps,
  removal: Removal,
  first: Item,
): Promise<Answer> {
  const { kind } = op;
  const { name } = kind.view.object(first).metadata;
  checkPreconditions(op, removal, kind.view.object(first));
  let item = first;
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const outcome = await attemptRemoval(op, deps, removal, item);
    if ("answer" in outcome) return outcome.answer;
    if (!outcome.current) throw notFound(kind.groupResource, name);
    item = outcome.current;
    checkPreconditions(op, removal, kind.view.object(item));
  }
  throw staleVersion(kind.groupResource, name);
}

type Attempt = { readonly answer: Answer } | { readonly current: Item | undefined };

async function attemptRemoval(op: Operation, deps: RestDeps, removal: Removal, item: Item): Promise<Attempt> {
  const { kind } = op;
  const { resource, view } = kind;
  const storage = present(kind.storage, "storage of a deleted kind");
  const old = view.object(item);
  const plan =
    hookKey(kind) === "v1/Namespace"
      ? planNamespace(op, old, removal, deps.clock.now())
      : planDeletion(hookKey(kind), heldByObjects(kind, old), removal, deps.clock.now());
  if (plan.type === "pending") return { answer: finished(op, old) };
  if (plan.type === "mark") {
    const made = storage.encode(view.toStored(canonical(resource, plan.object)));
    if (removal.dryRun) {
      return { answer: { type: "object", code: 200, object: plan.object, schema: resource.schema, kind } };
    }
    if (await storage.isSettled(item, made)) return { answer: { type: "item", code: 200, kind, item } };
    const outcome = await storage.replace(item, made);
    if (outcome.type === "lost") return { current: outcome.current };
    return { answer: { type: "item", code: 200, kind, item: outcome.item } };
  }
  if (removal.dryRun) return { answer: finished(op, old) };
  const outcome = await removeForGood(op, deps, item, old);
  if (outcome.type === "lost") return { current: outcome.current };
  return { answer: finished(op, old) };
}

/** A namespace goes when its content has gone: the namespace controller takes the finalizers away. */
function planNamespace(op: Operation, old: AnyObject, removal: Removal, nowMs: number) {
  const spec = (old as AnyObject & { readonly spec?: { readonly finalizers?: readonly string[] } }).spec;
  const held = (spec?.finalizers?.length ?? 0) > 0;
  if (!held) return planDeletion("v1/Namespace", old, removal, nowMs);
  if (old.metadata.deletionTimestamp !== undefined) {
    throw conflict(
      op.kind.groupResource,
      old.metadata.name,
      "The system is ensuring all content is removed from this namespace.  Upon completion, this namespace will automatically be purged by the system.",
    );
  }
  const plan = planDeletion("v1/Namespace", holding(old), removal, nowMs);
  const marked = plan.type === "mark" ? plan.object : old;
  const { finalizers } = old.metadata;
  const kept = (marked.metadata.finalizers ?? []).filter((name) => name !== HOLD);
  const object = withMeta(marked, {
    deletionGracePeriodSeconds: undefined,
    finalizers: finalizers || kept.length > 0 ? kept : undefined,
  });
  const status = { ...(statusOf(old) as object), phase: "Terminating" };
  return { type: "mark", object: withStatus(object, status) } as const;
}

/** The definition of a custom kind stays until the last object of the kind is gone. */
function heldByObjects(kind: Operation["kind"], old: AnyObject): AnyObject {
  if (hookKey(kind) !== "apiextensions.k8s.io/v1/CustomResourceDefinition") return old;
  const { deletionTimestamp, finalizers = [] } = old.metadata;
  if (deletionTimestamp !== undefined || finalizers.includes(CLEANUP_FINALIZER)) return old;
  return withMeta(old, { finalizers: [...finalizers, CLEANUP_FINALIZER] });
}

/** Stands in for the finalizers in a namespace's spec while the deletion is planned. */
const HOLD = "kubernetes";
const holding = (namespace: AnyObject): AnyObject =>
  withMeta(namespace, { finalizers: [...(namespace.metadata.finalizers ?? []), HOLD] });

/** Throws Conflict when the object is not the one that was to go. */
export function checkPreconditions(
  { kind }: Operation,
  { uid, resourceVersion }: Removal,
  { metadata }: AnyObject,
): void {
  if (uid !== undefined && uid !== metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`;
    throw conflict(kind.groupResource, metadata.name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`;
    throw conflict(kind.groupResource, metadata.name, why);
  }
}

function finished({ kind }: Operation, object: AnyObject): Answer {
  const { resource } = kind;
  if (RETURNS_OBJECT.has(hookKey(kind))) {
    return { type: "object", code: 200, object, schema: resource.schema, kind };
  }
  const { name, uid } = object.metadata;
  const details = {
    name,
    ...(resource.group === "" ? {} : { group: resource.group }),
    kind: resource.plural,
    uid,
  };
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
  return { type: "object", code: 200, object: status, schema: StatusKind };
}
