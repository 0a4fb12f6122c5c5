import { present } from "#base/assert";
import { type Apply, applyAcrossVersions, applyServerSide } from "#machinery/apply/apply";
import { matching } from "#machinery/apply/field-pattern";
import { wholeNode } from "#machinery/apply/struct-node";
import { shapeProblem } from "#machinery/apply/shape-problem";
import { hasOtherVersions } from "#machinery/apply/versions";
import { DecodeError, decodeJson, strictDecodingText } from "#machinery/derive/json";
import { JsonError, parseJson } from "#machinery/json";
import { applyJsonPatch } from "#machinery/patch/json-patch";
import { applyMergePatch, isObject, type JsonObject } from "#machinery/patch/merge-patch";
import { applyStrategicMerge } from "#machinery/patch/strategic-merge";
import { type AnyObject, required, type Struct } from "#machinery/schema";
import { StatusError, badRequest, hasReason, invalidObject, unsupportedMediaType } from "#machinery/status";
import { formatTime } from "#machinery/time";
import { YamlError, parseYaml } from "#machinery/yaml";
import { mediaTypeOf } from "../negotiation/decode.ts";
import type { Answer, Operation } from "../request/operation.ts";
import { createObject } from "./create.ts";
import type { RestDeps } from "./deps.ts";
import { inNamespace, withMeta } from "./metadata.ts";
import { type WriteQuery, writeQueryOf } from "./query.ts";
import { emptyOf } from "./rules.ts";
import { type Change, type Part, mainPart, statusPart, updateObject } from "./update.ts";
import { versionsOf } from "./versions.ts";

const JSON_PATCH = "application/json-patch+json";
const MERGE_PATCH = "application/merge-patch+json";
const STRATEGIC_PATCH = "application/strategic-merge-patch+json";
export const APPLY_PATCH = "application/apply-patch+yaml";
const PATCH_TYPES = [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH];
/** Custom kinds do not say how their lists are merged in a strategic patch. */
const CUSTOM_PATCH_TYPES = [JSON_PATCH, MERGE_PATCH, APPLY_PATCH];

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

interface PatchBody {
  readonly value: unknown;
  /** Complaints about fields that it has twice; the last of them counts. */
  readonly duplicates: readonly string[];
}

function bodyValue(
  { body }: Operation,
  type: string,
  { limits }: RestDeps,
  fieldValidation: WriteQuery["fieldValidation"],
): PatchBody {
  if (body.type === "value") return { value: body.value, duplicates: [] };
  const { bytes } = present(body.type === "bytes" ? body : undefined, "the body of a patch");
  const duplicates: string[] = [];
  const looks = fieldValidation !== "Ignore";
  const onDuplicate = (path: string) => void duplicates.push(`duplicate field ${JSON.stringify(path)}`);
  try {
    const value =
      type === APPLY_PATCH
        ? parseYaml(bytes, looks ? { onDuplicate: (text) => void duplicates.push(text) } : {})
        : parseJson(bytes, { maxDepth: limits.bodyDepthMax, ...(looks ? { onDuplicate } : {}) });
    return { value, duplicates };
  } catch (error) {
    if (error instanceof JsonError) throw badRequest(`error decoding patch: ${error.message}`);
    if (error instanceof YamlError)
      throw badRequest(`error decoding YAML: error converting YAML to JSON: ${error.message}`);
    throw error;
  }
}

function tellDuplicates(
  { warn }: Operation,
  { fieldValidation }: WriteQuery,
  found: readonly string[],
): void {
  if (found.length > 0 && fieldValidation === "Strict")
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${found.join(", ")}`);
  if (fieldValidation === "Warn")
    for (const each of found) warn(each.replace(/^yaml: unmarshal errors:\s+/, ""));
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

function typeOf({ body }: Operation, known: readonly string[]): string {
  const type = body.type === "none" ? "" : mediaTypeOf(body.contentType);
  if (known.includes(type)) return type;
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${known.join(", ")}`,
  );
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

async function apply(op: Operation, deps: RestDeps, query: WriteQuery, part: Part): Promise<Answer> {
  const { kind, info } = op;
  const { resource } = kind;
  const configuration = applyConfiguration(op, deps, query);
  const empty = emptyOf(resource);
  const request = (live: AnyObject): Apply => ({
    resource,
    live,
    empty,
    applied: configuration,
    manager: query.fieldManager,
    subresource: info.subresource,
    force: query.force,
    ignored: ignoredBy(op, part),
    ...(part.fields ? { written: (fields) => matching(fields, part.fields!) } : {}),
    now: formatTime(deps.clock.now()),
    canonical: (merged) => decodeJson<AnyObject>(resource.schema, merged),
  });
  const settle = (old: AnyObject): Change | Promise<Change> =>
    hasOtherVersions(old.metadata.managedFields, resource.apiVersion)
      ? applyAcrossVersions(request(old), versionsOf(kind, deps.kinds))
      : applyServerSide(request(old));
  try {
    return await updateObject(op, deps, {
      query,
      part,
      tries: deps.limits.conflictRetries,
      change: async (old) => withSentVersion(await settle(old), configuration),
    });
  } catch (error) {
    if (info.subresource !== "" || !hasReason(error, "NotFound")) throw error;
  }
  const made = applyServerSide(request(empty));
  const named = withMeta(made.object, { name: info.name });
  return createObject(op, deps, query, named, made.managedFields);
}

/** What is to be applied, of the operation's kind. Throws for what is none, and for an apply by nobody. */
export function applyConfiguration(op: Operation, deps: RestDeps, query: WriteQuery): JsonObject {
  const { value, duplicates } = bodyValue(op, APPLY_PATCH, deps, query.fieldValidation);
  if (query.fieldManager === "") {
    throw invalidObject({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [
      required("fieldManager", "is required for apply patch"),
    ]);
  }
  const configuration = appliedConfiguration(op, value ?? {});
  tellDuplicates(op, query, duplicates);
  return configuration;
}

/** The main resource does not write the status, and its endpoint writes little else. */
function ignoredBy({ kind: { resource }, info }: Operation, { fields }: Part): string[] {
  if (info.subresource === "") return resource.statusSubresource ? ["status"] : [];
  if (fields) return [];
  const isCustom = resource.schema.rules.structural !== undefined;
  // With custom kinds not even a label goes along.
  const written = ["kind", "apiVersion", info.subresource, ...(isCustom ? [] : ["metadata"])];
  return Object.keys(resource.schema.fields).filter((field) => !written.includes(field));
}

/** The resourceVersion that the client named, if any, decides whether this is still its object. */
function withSentVersion(change: Change, applied: JsonObject): Change {
  const meta = applied.metadata as { resourceVersion?: string; uid?: string } | undefined;
  return {
    ...change,
    object: withMeta(change.object, {
      ...(meta?.resourceVersion ? { resourceVersion: meta.resourceVersion } : {}),
      ...(meta?.uid ? { uid: meta.uid } : {}),
    }),
  };
}

function appliedConfiguration({ kind, info }: Operation, value: unknown): JsonObject {
  const { resource } = kind;
  if (!isObject(value)) {
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${jsonType(value)} into Go value of type map[string]interface {}`,
    );
  }
  const sentKind = kindTextOf(value);
  if (sentKind !== kindText(resource)) throw badRequest(`invalid object type: ${sentKind}`);
  const metadata = isObject(value.metadata) ? value.metadata : {};
  if (metadata.managedFields !== undefined) throw badRequest("metadata.managedFields must be nil");
  if (metadata.name !== undefined && metadata.name !== info.name) {
    throw badRequest(
      `the name of the object (${String(metadata.name)}) does not match the name on the URL (${info.name})`,
    );
  }
  const problem = shapeProblem(wholeNode(resource.schema), value);
  if (problem !== undefined) {
    const name = `${textOf(metadata.namespace)}/${textOf(metadata.name)}`;
    throw misshapen(`failed to create typed patch object (${name}; ${sentKind}): ${problem}`);
  }
  let decoded: AnyObject;
  try {
    decoded = decodeJson<AnyObject>(resource.schema, value);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw badRequest(error.message);
  }
  const { namespace } = inNamespace(decoded, resource.namespaced ? info.namespace : "").metadata;
  return { ...value, metadata: { ...metadata, name: info.name, ...(namespace ? { namespace } : {}) } };
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** `apps/v1, Kind=Deployment`. */
const kindText = ({ group, version, kind }: { group: string; version: string; kind: string }): string =>
  `${group}/${version}, Kind=${kind}`;

function kindTextOf({ apiVersion, kind }: JsonObject): string {
  const [version = "", group = ""] = textOf(apiVersion).split("/").toReversed();
  return kindText({ group, version, kind: textOf(kind) });
}

/** Not what the client should be blamed for, says the API. */
const misshapen = (message: string): StatusError =>
  new StatusError({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, code: 500 });
