/**
 * The way from `kubectl apply`, which keeps what it applied in an annotation, to apply in the server: under the field
 * manager `kubectl` what that annotation says counts as the manager's own, and is kept up to date for the way back.
 */
import type { AnyObject, Resource } from "#machinery/schema";
import { JsonError, parseJson, stringifyJson } from "../json.ts";
import { isObject, type JsonObject } from "../patch/merge-patch.ts";
import { asJson } from "./as-json.ts";
import { appliedFields } from "./collect.ts";
import { compare } from "./compare.ts";
import { difference, EMPTY, type FieldSet } from "./field-set.ts";
import { rootNode } from "./struct-node.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const MANAGER = "kubectl";
/** Of all annotations of an object, names and values. */
const ANNOTATIONS_BYTES_MAX = 262_144;

type Texts = Readonly<Record<string, string>>;

/** Fields that the client applied itself and that nobody has changed since: no conflict keeps it from them. */
export function ownByLastApplied(resource: Resource, live: AnyObject, manager: string): FieldSet {
  const text = manager === MANAGER ? lastAppliedOf(live) : undefined;
  const applied = text === undefined ? undefined : objectIn(text);
  if (applied?.apiVersion !== resource.apiVersion) return EMPTY;
  const root = rootNode(resource.schema);
  const { changed, removed } = compare(root, applied, asJson(live));
  return difference(difference(appliedFields(root, applied), changed), removed);
}

/** The object with what has been applied now in its annotation, where it has one; without it where it grows too large. */
export function withLastApplied(object: AnyObject, applied: JsonObject, manager: string): AnyObject {
  if (manager !== MANAGER || lastAppliedOf(object) === undefined) return object;
  const { [LAST_APPLIED]: _old, ...others } = object.metadata.annotations as Texts;
  const annotations = { ...others, [LAST_APPLIED]: `${stringifyJson(sorted(withoutItself(applied)))}\n` };
  const fits = bytesOf(annotations) <= ANNOTATIONS_BYTES_MAX;
  return { ...object, metadata: { ...object.metadata, annotations: fits ? annotations : others } };
}

const lastAppliedOf = ({ metadata }: AnyObject): string | undefined =>
  (metadata.annotations as Texts | undefined)?.[LAST_APPLIED] || undefined;

/** Anybody may have written anything there; what cannot be read says nothing. */
function objectIn(text: string): JsonObject | undefined {
  try {
    const value = parseJson(text);
    return isObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

function withoutItself(applied: JsonObject): JsonObject {
  const { metadata } = applied;
  if (!isObject(metadata) || !isObject(metadata.annotations)) return applied;
  const { [LAST_APPLIED]: _itself, ...annotations } = metadata.annotations;
  return { ...applied, metadata: { ...metadata, annotations } };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(value[key])]),
  );
}

function bytesOf(texts: Texts): number {
  const encoder = new TextEncoder();
  return Object.entries(texts).reduce(
    (sum, [name, text]) => sum + encoder.encode(name).length + encoder.encode(text).length,
    0,
  );
}
