import { present } from "#base/assert";
import { disabledValues } from "#machinery/derive/gated-values";
import { dropDisabled } from "#machinery/derive/gates";
import type { AnyManagedFields, AnyObject } from "#machinery/schema";
import { StatusError, alreadyExists, hasReason } from "#machinery/status";
import { formatTime } from "#machinery/time";
import { decodeBody } from "../negotiation/decode.ts";
import type { Answer, Operation } from "../request/operation.ts";
import { alone } from "../storage/kind-storage.ts";
import type { RestDeps } from "./deps.ts";
import { hookKey } from "./kind-hooks.ts";
import { generatedName, inNamespace, newIdentity, withMeta } from "./metadata.ts";
import { trackedFields } from "./owners.ts";
import { type WriteQuery, writeQueryOf } from "./query.ts";
import { canonical, checkNew, defaulted, emptyOf, refuse, statusOf, withStatus } from "./rules.ts";

/** Tries of a generated name before the collision is reported. */
const NAME_TRIES = 8;
/** Tries when something that is written along was taken by others. */
const COMPANION_TRIES = 32;
/** Kinds whose first status comes with the object. */
const STATUS_ON_CREATE = new Set(["v1/Node"]);

/** POST: a new object. */
export async function create(op: Operation, deps: RestDeps): Promise<Answer> {
  const { kind, body, info, warn } = op;
  const query = writeQueryOf(info.query, "CreateOptions");
  const options = { limits: deps.limits, fieldValidation: query.fieldValidation, warn };
  const sent = decodeBody(body, kind.resource, options) as AnyObject;
  return createObject(op, deps, query, sent, undefined);
}

const keepsStatus = ({ kind }: Operation): boolean =>
  !kind.resource.statusSubresource || STATUS_ON_CREATE.has(hookKey(kind));

/** `managedFields`: as settled by apply; otherwise everything belongs to the writer. */
export async function createObject(
  op: Operation,
  deps: RestDeps,
  query: WriteQuery,
  sent: AnyObject,
  managedFields: readonly AnyManagedFields[] | undefined,
): Promise<Answer> {
  const { resource } = op.kind;
  if (sent.metadata.resourceVersion) throw versionOnCreate();
  const placed = inNamespace(sent, resource.namespaced ? op.info.namespace : "");
  const identified = withMeta(
    placed,
    newIdentity(resource, { nowMs: deps.clock.now(), random: deps.random }),
  );
  const bare = keepsStatus(op) ? identified : withStatus(identified, statusOf(emptyOf(resource)));
  const complete = defaulted(resource, bare);
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptCreate(op, deps, query, complete, managedFields);
    } catch (error) {
      const collided = hasReason(error, "AlreadyExists") && sent.metadata.name === undefined;
      if (!collided || !sent.metadata.generateName || attempt === NAME_TRIES) throw error;
    }
  }
}

async function attemptCreate(
  op: Operation,
  deps: RestDeps,
  query: WriteQuery,
  complete: AnyObject,
  managedFields: readonly AnyManagedFields[] | undefined,
): Promise<Answer> {
  const { resource, view } = op.kind;
  const storage = present(op.kind.storage, "storage of a created kind");
  const { generateName, name: givenName } = complete.metadata;
  const newName = givenName || (generateName ? generatedName(generateName, deps.random) : "");
  const named = givenName || newName === "" ? complete : withMeta(complete, { name: newName });
  const admitted = {
    operation: "CREATE",
    old: undefined,
    name: newName,
    options: query,
    dryRun: query.dryRun,
  } as const;
  const now = formatTime(deps.clock.now());
  // Before admission: what the server adds belongs to nobody.
  const owners = managedFields ?? (await firstOwners(op, deps, query, named));
  const owned = withMeta(named, { managedFields: owners.length === 0 ? undefined : owners });
  const changed = present(
    await deps.admission.admit(op, { ...admitted, object: owned }),
    "an admitted object",
  );
  const mutated = changed === owned || keepsStatus(op) ? changed : withStatus(changed, statusOf(owned));
  const gate = deps.gates.enabled;
  const allowed = dropDisabled(resource.schema, mutated, gate);
  const prepared = resource.rules.prepareForCreate?.(allowed, { now, gate }) ?? allowed;
  const object = canonical(resource, prepared);
  checkNew(resource, object);
  refuse(resource, object, disabledValues(resource.schema, object, gate));
  for (const text of resource.rules.warnings?.(object, undefined) ?? []) op.warn(text);
  await deps.admission.validate(op, { ...admitted, object });
  // Admission may have given it another one.
  const { name } = object.metadata;
  const hooks = deps.hooks.get(hookKey(op.kind));
  for (let attempt = 1; ; attempt++) {
    const { object: ready, companions } = (await hooks?.onCreate?.(object)) ?? { object, companions: alone };
    const final = ready === object ? object : canonical(resource, ready);
    const made = storage.encode(view.toStored(final));
    const namespace = final.metadata.namespace ?? "";
    if (query.dryRun) {
      await storage.fresh();
      if (storage.cache.get(namespace, name)) throw alreadyExists(op.kind.groupResource, name);
      return { type: "object", code: 201, object: final, schema: resource.schema, kind: op.kind };
    }
    const outcome = await storage.create(namespace, name, made, companions);
    if (outcome.type === "written") return { type: "item", code: 201, kind: op.kind, item: outcome.item };
    if (attempt === COMPANION_TRIES) throw alreadyExists(op.kind.groupResource, name);
  }
}

const firstOwners = (op: Operation, deps: RestDeps, query: WriteQuery, named: AnyObject) => {
  const empty = emptyOf(op.kind.resource);
  // What the schema says of an empty status is not the writer's.
  const written = keepsStatus(op) ? named : withStatus(named, statusOf(empty));
  return trackedFields(op, deps, query, written, empty);
};

const versionOnCreate = (): StatusError =>
  new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "resourceVersion should not be set on objects to be created",
    code: 500,
  });
