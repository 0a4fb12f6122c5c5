import { DecodeError, decodeJson, strictDecodingText } from "#machinery/derive/json";
import { applyJsonPatch } from "#machinery/patch/json-patch";
import { applyMergePatch, isObject, type JsonObject } from "#machinery/patch/merge-patch";
import { applyStrategicMerge } from "#machinery/patch/strategic-merge";
import type { AnyObject, Struct } from "#machinery/schema";
import { badRequest, invalidObject } from "#machinery/status";
import type { Answer, Operation } from "../request/operation.ts";
import { apply } from "./apply.ts";
import type { RestDeps } from "./deps.ts";
import { inNamespace } from "./metadata.ts";
import {
  APPLY_PATCH,
  bodyValue,
  CUSTOM_PATCH_TYPES,
  JSON_PATCH,
  MERGE_PATCH,
  PATCH_TYPES,
  type PatchBody,
  STRATEGIC_PATCH,
  typeOf,
} from "./patch-body.ts";
import { type WriteQuery, writeQueryOf } from "./query.ts";
import { type Part, mainPart, statusPart, updateObject } from "./update.ts";

/** PATCH of an object or of one of its parts. Apply creates what does not exist. */
export async function patch(op: Operation, deps: RestDeps, part?: Part): Promise<Answer> {
  const { info } = op;
  const query = writeQueryOf(info.query, "PatchOptions");
  const isCustom = op.kind.resource.schema.rules.structural !== undefined;
  const type = typeOf(op, isCustom ? CUSTOM_PATCH_TYPES : PATCH_TYPES);
  const own = part ?? (info.subresource === "status" ? statusPart : mainPart);
  if (type === APPLY_PATCH) return apply(op, deps, query, own);
  const { value, duplicates } = bodyValue(op, type, deps, query.fieldValidation);
  if (query.force) {
    throw invalidObject({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [
      { type: "forbidden", path: "force", detail: "may not be specified for non-apply patch" },
    ]);
  }
  return updateObject(op, deps, {
    query,
    part: own,
    tries: deps.limits.conflictRetries,
    change: (old) => ({ object: patched(op, query, { type, value, duplicates }, old) }),
  });
}

/** The object as the patch makes it, in canonical form. */
function patched(
  op: Operation,
  query: WriteQuery,
  { type, value, duplicates }: PatchBody & { readonly type: string },
  old: AnyObject,
): AnyObject {
  const { resource } = op.kind;
  const object = decodedPatch(op, query, applied(resource.schema, type, old, value), duplicates);
  checkIdentity(op, object, old);
  return inNamespace(object, resource.namespaced ? op.info.namespace : "");
}

function applied(schema: Struct, type: string, document: object, value: unknown): unknown {
  if (type === JSON_PATCH) return applyJsonPatch(document, value);
  if (!isObject(value)) throw badRequest("error decoding patch: the patch is not an object");
  return type === MERGE_PATCH
    ? applyMergePatch(document, value)
    : applyStrategicMerge(schema, document as JsonObject, value);
}

/** A patch of a document that is not the object itself. */
export interface PatchDocument {
  apply(schema: Struct, document: object): unknown;
}

/** The patch in a body, of any type but apply. */
export function patchDocument(op: Operation, deps: RestDeps): PatchDocument {
  const type = typeOf(op, [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH]);
  const { value } = bodyValue(op, type, deps, "Ignore");
  return { apply: (schema, document) => applied(schema, type, document, value) };
}

function decodedPatch(
  { kind, warn }: Operation,
  { fieldValidation }: WriteQuery,
  result: unknown,
  duplicates: readonly string[],
): AnyObject {
  const { resource } = kind;
  const unknown: string[] = [];
  let object: AnyObject;
  try {
    object = decodeJson<AnyObject>(resource.schema, result, (path) => void unknown.push(path));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw badRequest(error.message);
  }
  const complaints = [...duplicates, ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`)];
  if (complaints.length > 0 && fieldValidation === "Strict") {
    throw invalidPatch(kind.resource, object, strictDecodingText(complaints));
  }
  if (fieldValidation === "Warn") for (const complaint of complaints) warn(complaint);
  return object;
}

const invalidPatch = (of: { group: string; kind: string }, object: AnyObject, detail: string) =>
  invalidObject(of, object.metadata.name, [{ type: "invalid", path: "patch", detail }]);

function checkIdentity(
  { kind, info }: Operation,
  { apiVersion, kind: sentKind, metadata }: AnyObject,
  old: AnyObject,
): void {
  if (apiVersion !== old.apiVersion || sentKind !== old.kind) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${kind.resource.apiVersion})`,
    );
  }
  if (metadata.name !== info.name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${info.name})`,
    );
  }
}
