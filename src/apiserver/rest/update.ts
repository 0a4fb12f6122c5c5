import { present } from "#base/assert";
import type { FieldPattern } from "#machinery/apply/field-pattern";
import { disabledValues } from "#machinery/derive/gated-values";
import { dropDisabled } from "#machinery/derive/gates";
import { type AnyManagedFields, type AnyObject, type Resource, invalid } from "#machinery/schema";
import { badRequest, conflict, hasReason, invalidObject, notFound, staleVersion } from "#machinery/status";
import { formatTime } from "#machinery/time";
import { decodeBody } from "../negotiation/decode.ts";
import type { Answer, Operation } from "../request/operation.ts";
import type { Item } from "../storage/item.ts";
import { alone } from "../storage/kind-storage.ts";
import { createObject } from "./create.ts";
import type { RestDeps } from "./deps.ts";
import { hookKey } from "./kind-hooks.ts";
import { inNamespace, keptIdentity, withMeta } from "./metadata.ts";
import { trackedFields } from "./owners.ts";
import { type WriteQuery, writeQueryOf } from "./query.ts";
import {
  asksForMore,
  canonical,
  checkChanged,
  checkChangedStatus,
  defaulted,
  refuse,
  statusOf,
  withStatus,
} from "./rules.ts";
import { mayGoNow, removeForGood } from "./removal.ts";

/** Tries of a write that names no resourceVersion and keeps meeting others. */
const UNCONDITIONAL_TRIES = 100;

/** A changed object, on its way to be stored. */
export interface Change {
  readonly object: AnyObject;
  /** As settled by apply; otherwise what has changed belongs to the writer. */
  readonly managedFields?: readonly AnyManagedFields[];
}

/** One kind of change to a stored object. */
export interface UpdatePlan {
  readonly query: WriteQuery;
  /** From the newest state; asked again when somebody else was faster. */
  change(old: AnyObject): Change | Promise<Change>;
  /** What of the old object stays, and what follows from the rest. By default as for the main resource. */
  readonly part?: Part;
  /** For endpoints with a kind of their own: what admission sees in place of the object. */
  readonly shown?: Shown;
  readonly tries: number;
  readonly code?: number;
}

/** An object as another kind shows it: the scale of a deployment. */
export interface Shown {
  of(object: AnyObject): AnyObject;
  /** The object with what `shown` says. */
  into(object: AnyObject, shown: AnyObject): AnyObject;
}

const asItself: Shown = { of: (object) => object, into: (_object, shown) => shown };

/** Which part of an object an endpoint writes. */
export interface Part {
  merge(resource: Resource, candidate: AnyObject, old: AnyObject): AnyObject;
  prepare(resource: Resource, object: AnyObject, old: AnyObject, deps: RestDeps): AnyObject;
  check(resource: Resource, object: AnyObject, old: AnyObject): void;
  /** Which fields an apply can come to own here, where the endpoint's name does not say it. */
  readonly fields?: readonly FieldPattern[];
}

/** PUT: replaces an object, or creates it where its kind allows that. */
export async function update(op: Operation, deps: RestDeps): Promise<Answer> {
  const { kind, body, info, warn } = op;
  const query = writeQueryOf(info.query, "UpdateOptions");
  const options = { limits: deps.limits, fieldValidation: query.fieldValidation, warn };
  const sent = decodeBody(body, kind.resource, options) as AnyObject;
  const candidate = checkedName(op, sent);
  try {
    return await updateObject(op, deps, {
      query,
      change: () => ({ object: candidate }),
      part: info.subresource === "status" ? statusPart : mainPart,
      tries: UNCONDITIONAL_TRIES,
    });
  } catch (error) {
    if (!kind.resource.createOnUpdate || info.subresource !== "" || !hasReason(error, "NotFound"))
      throw error;
    if (candidate.metadata.uid) throw missingForUid(op, candidate.metadata.uid);
    return createObject(op, deps, query, candidate, undefined);
  }
}

const missingForUid = ({ kind, info }: Operation, uid: string) =>
  conflict(
    kind.groupResource,
    info.name,
    `Precondition failed: UID in precondition: ${uid}, UID in object meta: `,
  );

/** The body's name and namespace are those of the path. */
export function checkedName({ kind, info }: Operation, sent: AnyObject): AnyObject {
  const { name } = sent.metadata;
  if (!name) {
    throw badRequest(
      `the name of the object (${info.name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (name !== info.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`);
  }
  return inNamespace(sent, kind.resource.namespaced ? info.namespace : "");
}

/** Reads, changes and writes back, again when somebody else was faster. */
export async function updateObject(op: Operation, deps: RestDeps, plan: UpdatePlan): Promise<Answer> {
  const storage = present(op.kind.storage, "storage of an updated kind");
  const namespace = op.kind.resource.namespaced ? op.info.namespace : "";
  let item = await storage.current(namespace, op.info.name);
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptUpdate(op, deps, plan, item);
    if ("answer" in outcome) return outcome.answer;
    if (attempt >= plan.tries) throw staleVersion(op.kind.groupResource, op.info.name);
    if (!outcome.current) throw notFound(op.kind.groupResource, op.info.name);
    item = outcome.current;
  }
}

type Attempt = { readonly answer: Answer } | { readonly current: Item | undefined };

async function attemptUpdate(op: Operation, deps: RestDeps, plan: UpdatePlan, item: Item): Promise<Attempt> {
  const { kind } = op;
  const { resource, view } = kind;
  const storage = present(kind.storage, "storage of an updated kind");
  const { query, part = mainPart, shown = asItself, code = 200 } = plan;
  const old = view.object(item);
  const change = await plan.change(old);
  checkPreconditions(op, change.object, old);
  checkBirth(resource, change.object, old);
  const merged = part.merge(resource, withMeta(change.object, keptIdentity(old)), old);
  const complete = defaulted(resource, merged);
  const admitted = {
    operation: "UPDATE",
    old: shown.of(old),
    name: op.info.name,
    options: query,
    dryRun: query.dryRun,
  } as const;
  // Owners are settled before admission: what the server adds belongs to nobody.
  const tracked = await owned(op, deps, query, change, complete, old);
  const sight = shown.of(tracked);
  const changed = present(
    await deps.admission.admit(op, { ...admitted, object: sight }),
    "an admitted object",
  );
  // Admission changes no more than the endpoint may.
  const mutated = changed === sight ? tracked : part.merge(resource, shown.into(tracked, changed), old);
  const allowed = dropDisabled(resource.schema, mutated, deps.gates.enabled, old);
  const prepared = part.prepare(resource, allowed, old, deps);
  const whole = canonical(resource, prepared);
  const counted = part === statusPart ? whole : counting(resource, whole, old);
  part.check(resource, counted, old);
  refuse(resource, counted, disabledValues(resource.schema, counted, deps.gates.enabled, old));
  if (part === mainPart && shown === asItself)
    for (const text of resource.rules.warnings?.(counted, old) ?? []) op.warn(text);
  await deps.admission.validate(op, { ...admitted, object: shown.of(counted) });

  const hooks = deps.hooks.get(hookKey(kind));
  const ready = (await hooks?.onUpdate?.(counted, old)) ?? { object: counted, companions: alone };
  const object = ready.object === counted ? counted : canonical(resource, ready.object);
  const made = storage.encode(view.toStored(object));
  if (await storage.isSettled(item, made)) return { answer: { type: "item", code, kind, item } };
  const served = withMeta(object, { resourceVersion: old.metadata.resourceVersion });
  if (query.dryRun)
    return { answer: { type: "object", code, object: served, schema: resource.schema, kind } };
  if (mayGoNow(object, old, hooks)) {
    const gone = await removeForGood(op, deps, item, old);
    if (gone.type === "lost") return { current: gone.current };
    return { answer: { type: "object", code, object: served, schema: resource.schema, kind } };
  }
  const outcome = await storage.replace(item, made, ready.companions);
  if (outcome.type === "written") return { answer: { type: "item", code, kind, item: outcome.item } };
  return { current: outcome.current };
}

function checkPreconditions({ kind, info }: Operation, sent: AnyObject, old: AnyObject): void {
  const { uid, resourceVersion } = sent.metadata;
  const { groupResource, resource } = kind;
  if (uid && uid !== old.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(groupResource, info.name, why);
  }
  if (!resourceVersion || resourceVersion === "0") {
    if (resource.unconditionalUpdate) return;
    const problem = invalid("metadata.resourceVersion", undefined, "0x0: must be specified for an update");
    throw invalidObject(resource, info.name, [problem]);
  }
  if (resourceVersion !== old.metadata.resourceVersion) throw staleVersion(groupResource, info.name);
}

function owned(
  op: Operation,
  deps: RestDeps,
  query: WriteQuery,
  { managedFields }: Change,
  object: AnyObject,
  old: AnyObject,
): AnyObject | Promise<AnyObject> {
  const fields = managedFields ?? trackedFields(op, deps, query, object, old);
  return isPromise(fields)
    ? fields.then((settled) => withOwners(object, settled))
    : withOwners(object, fields);
}

type Entries = readonly AnyManagedFields[];

const isPromise = (fields: Entries | Promise<Entries>): fields is Promise<Entries> => !Array.isArray(fields);

const withOwners = (object: AnyObject, fields: Entries): AnyObject =>
  withMeta(object, { managedFields: fields.length === 0 ? undefined : fields });

function counting(resource: Resource, object: AnyObject, old: AnyObject): AnyObject {
  if (!resource.counted || !asksForMore(resource, object, old)) return object;
  return canonical(resource, withMeta(object, { generation: (old.metadata.generation ?? 0) + 1 }));
}

const contextOf = ({ clock, gates }: RestDeps) => ({ now: formatTime(clock.now()), gate: gates.enabled });

/** Refuses an object that says to be older or younger than it is. */
function checkBirth(resource: Resource, { metadata }: AnyObject, old: AnyObject): void {
  const { creationTimestamp: said } = metadata;
  if (!said || said === old.metadata.creationTimestamp) return;
  const problem = invalid("metadata.creationTimestamp", said, "field is immutable");
  throw invalidObject(resource, old.metadata.name, [problem]);
}

/** The main resource: everything but the status, where that has an endpoint of its own. */
export const mainPart: Part = {
  merge: ({ statusSubresource }, candidate, old) =>
    statusSubresource ? withStatus(candidate, statusOf(old)) : candidate,
  prepare: (resource, object, old, deps) =>
    resource.rules.prepareForUpdate?.(object, old, contextOf(deps)) ?? object,
  check: checkChanged,
};

/** The status, and metadata that may go along with it; owners stay as they are. */
export const statusPart: Part = {
  merge: ({ schema }, candidate, old) => {
    const { ownerReferences } = old.metadata;
    const { managedFields } = candidate.metadata;
    // With custom kinds not even a label goes along.
    const { metadata } = schema.rules.structural
      ? withMeta(old, { managedFields })
      : withMeta(candidate, { ownerReferences });
    return withStatus({ ...old, metadata }, statusOf(candidate));
  },
  prepare: (resource, object, old, deps) =>
    resource.rules.prepareForStatusUpdate?.(object, old, contextOf(deps)) ?? object,
  check: checkChangedStatus,
};
