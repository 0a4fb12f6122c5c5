import { type Apply, applyAcrossVersions, applyServerSide } from "#machinery/apply/apply";
import { matching } from "#machinery/apply/field-pattern";
import { shapeProblem } from "#machinery/apply/shape-problem";
import { wholeNode } from "#machinery/apply/struct-node";
import { hasOtherVersions } from "#machinery/apply/versions";
import { DecodeError, decodeJson } from "#machinery/derive/json";
import { stringifyJson } from "#machinery/json";
import { isObject, type JsonObject } from "#machinery/patch/merge-patch";
import { type AnyObject, required } from "#machinery/schema";
import { StatusError, badRequest, hasReason, invalidObject } from "#machinery/status";
import { formatTime } from "#machinery/time";
import type { Answer, Operation } from "../request/operation.ts";
import { createObject } from "./create.ts";
import type { RestDeps } from "./deps.ts";
import { inNamespace, withMeta } from "./metadata.ts";
import { APPLY_PATCH, bodyValue } from "./patch-body.ts";
import type { WriteQuery } from "./query.ts";
import { emptyOf } from "./rules.ts";
import { type Change, type Part, updateObject } from "./update.ts";
import { versionsOf } from "./versions.ts";

/** PATCH by server-side apply. Creates what does not exist. */
export async function apply(op: Operation, deps: RestDeps, query: WriteQuery, part: Part): Promise<Answer> {
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

/** Whatever a client has put where a name should be. */
const nameText = (name: unknown): string => (typeof name === "string" ? name : stringifyJson(name));

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
      `the name of the object (${nameText(metadata.name)}) does not match the name on the URL (${info.name})`,
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
