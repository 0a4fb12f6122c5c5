import { Scale } from "#api/autoscaling-v1/scale";
import { present } from "#base/assert";
import { applyServerSide } from "#machinery/apply/apply";
import { decodeJson } from "#machinery/derive/json";
import { validateStruct } from "#machinery/derive/validate";
import { formatLabelSelector, type LabelSelector } from "#machinery/label-selector";
import { type AnyObject, invalid, type Resource, type ScaleFacts } from "#machinery/schema";
import { badRequest, invalidObject } from "#machinery/status";
import { formatTime } from "#machinery/time";
import { decodeBody, mediaTypeOf } from "../../negotiation/decode.ts";
import type { SubresourceHandlers } from "../../request/dispatch.ts";
import type { Answer, Operation } from "../../request/operation.ts";
import type { RestDeps } from "../deps.ts";
import { get } from "../get.ts";
import { withMeta } from "../metadata.ts";
import { applyConfiguration } from "../apply.ts";
import { APPLY_PATCH } from "../patch-body.ts";
import { type PatchDocument, patchDocument } from "../patch.ts";
import { type WriteQuery, writeQueryOf } from "../query.ts";
import { type UpdatePlan, mainPart, updateObject } from "../update.ts";
import { versionsOf } from "../versions.ts";
import { scaleFields } from "./scale-fields.ts";

const TYPE = { apiVersion: "autoscaling/v1", kind: "Scale", schema: Scale };

/** What a scale looks like when nothing is said. */
const NO_SCALE = decodeJson<AnyObject>(Scale, { apiVersion: TYPE.apiVersion, kind: TYPE.kind, metadata: {} });

/** How many are wanted and how many there are, in one form for all kinds that can be scaled. */
export const scaleSubresource: SubresourceHandlers = {
  async get(op, { limits }) {
    return scaleAnswer(op, await get(op, limits));
  },

  update(op, deps) {
    const query = writeQueryOf(op.info.query, "UpdateOptions");
    const options = { limits: deps.limits, fieldValidation: query.fieldValidation, warn: op.warn };
    const sent = checked(op, decodeBody(op.body, TYPE, options) as Scale);
    return write(op, deps, { query, change: (old) => ({ object: scaled(op, old, sent) }), tries: 100 });
  },

  patch(op, deps) {
    const query = writeQueryOf(op.info.query, "PatchOptions");
    const type = op.body.type === "none" ? "" : mediaTypeOf(op.body.contentType);
    if (type === APPLY_PATCH) return applied(op, deps, query);
    const document = patchDocument(op, deps);
    const change = (old: AnyObject) => ({ object: scaled(op, old, patchedScale(op, old, document)) });
    return write(op, deps, { query, change, tries: deps.limits.conflictRetries });
  },
};

async function write(op: Operation, deps: RestDeps, plan: UpdatePlan): Promise<Answer> {
  const shown = {
    of: (object: AnyObject) => scaleOf(op.kind.resource, object) as unknown as AnyObject,
    into: (object: AnyObject, scale: AnyObject) => scaled(op, object, scale as unknown as Scale),
  };
  return scaleAnswer(op, await updateObject(op, deps, { ...plan, part: mainPart, shown }));
}

/** Server-side apply of a Scale: who owns the number of the scale owns that of the object. */
function applied(op: Operation, deps: RestDeps, query: WriteQuery): Promise<Answer> {
  const { resource } = op.kind;
  const scaleResource: Resource = { ...resource, ...TYPE, group: "autoscaling", version: "v1" };
  const asScale = { ...op, kind: { ...op.kind, resource: scaleResource } };
  const configuration = applyConfiguration(asScale, deps, query);
  const versions = versionsOf(op.kind, deps.kinds);
  const fields = scaleFields(
    resource.apiVersion,
    (apiVersion) => versions.resource(apiVersion)?.scale?.replicas,
  );
  const change = (old: AnyObject) => {
    const { managedFields } = old.metadata;
    const scale = scaleOf(resource, old) as unknown as AnyObject;
    const settled = applyServerSide({
      resource: scaleResource,
      live: withMeta(scale, { managedFields: fields.ofScale(managedFields) }),
      empty: NO_SCALE,
      applied: configuration,
      manager: query.fieldManager,
      subresource: op.info.subresource,
      force: query.force,
      ignored: ["status"],
      now: formatTime(deps.clock.now()),
      canonical: (merged) => decodeJson<AnyObject>(Scale, merged),
    });
    const wanted = checked(op, settled.object as unknown as Scale);
    const { resourceVersion } = (configuration.metadata ?? {}) as { resourceVersion?: string };
    return {
      object: scaled(op, old, {
        ...wanted,
        metadata: { ...wanted.metadata, resourceVersion: resourceVersion ?? "" },
      }),
      managedFields: fields.ofObject(managedFields, settled.managedFields),
    };
  };
  return write(op, deps, { query, change, tries: deps.limits.conflictRetries });
}

function patchedScale(op: Operation, old: AnyObject, document: PatchDocument): Scale {
  const before = scaleOf(op.kind.resource, old);
  try {
    return checked(op, decodeJson<Scale>(Scale, document.apply(Scale, before)));
  } catch (error) {
    if (error instanceof Error && error.name === "DecodeError") throw badRequest(error.message);
    throw error;
  }
}

function checked({ info }: Operation, scale: Scale): Scale {
  const { name } = scale.metadata;
  if (name && name !== info.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`);
  }
  const problems = validateStruct(Scale, scale);
  const replicas = scale.spec.replicas ?? 0;
  if (problems.length === 0 && replicas < 0) {
    problems.push(invalid("spec.replicas", replicas, "must be greater than or equal to 0"));
  }
  if (problems.length > 0) throw invalidObject({ group: "autoscaling", kind: "Scale" }, info.name, problems);
  return scale;
}

/** The object with the wanted number; the version that the client named decides whether it still is the one meant. */
function scaled({ kind }: Operation, old: AnyObject, { metadata, spec }: Scale): AnyObject {
  const facts = factsOf(kind.resource);
  const changed = setAt(old, facts.replicas.split("."), spec.replicas ?? 0) as AnyObject;
  const { resourceVersion, uid } = metadata;
  return withMeta(changed, {
    resourceVersion: resourceVersion || old.metadata.resourceVersion,
    uid: uid || old.metadata.uid,
  });
}

const factsOf = ({ scale }: Resource): ScaleFacts => present(scale, "how the kind is scaled");

function scaleAnswer({ kind }: Operation, answer: Answer): Answer {
  if (answer.type !== "item" && answer.type !== "object") return answer;
  const object = answer.type === "item" ? kind.view.object(answer.item) : (answer.object as AnyObject);
  return { type: "object", code: answer.code, object: scaleOf(kind.resource, object), schema: Scale };
}

function scaleOf(resource: Resource, object: AnyObject): Scale {
  const facts = factsOf(resource);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = facts.selector === undefined ? undefined : selectorText(valueAt(object, facts.selector));
  return {
    kind: TYPE.kind,
    apiVersion: TYPE.apiVersion,
    metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion, creationTimestamp },
    spec: { replicas: numberAt(object, facts.replicas) },
    status: { replicas: numberAt(object, facts.observed), ...(selector ? { selector } : {}) },
  };
}

function selectorText(selector: unknown): string {
  if (typeof selector === "string") return selector;
  if (typeof selector !== "object" || selector === null) return "";
  const isStruct = "matchLabels" in selector || "matchExpressions" in selector;
  const struct = isStruct ? (selector as LabelSelector) : { matchLabels: selector as Record<string, string> };
  return formatLabelSelector(struct);
}

function valueAt(object: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object);
}

function numberAt(object: unknown, path: string): number {
  const value = valueAt(object, path);
  return typeof value === "number" ? value : 0;
}

function setAt(object: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const members = (object ?? {}) as Record<string, unknown>;
  return { ...members, [key]: setAt(members[key], rest, value) };
}
