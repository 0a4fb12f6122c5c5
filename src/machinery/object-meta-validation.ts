/** What is wrong with an object's metadata, for every kind alike. */
import { problemsOfName, problemsOfNamePrefix } from "./names.ts";
import {
  type AnyManagedFields,
  type AnyMeta,
  type AnyOwner,
  type FieldProblem,
  forbidden,
  invalid,
  item,
  required,
  type Resource,
  tooLong,
} from "./schema.ts";

type Problems = Iterable<FieldProblem>;
type Kind = Pick<Resource, "group" | "namespaced" | "nameFormat" | "unconditionalUpdate">;

/** Bytes of all keys and values of the annotations. */
const ANNOTATIONS_BYTES_MAX = 262_144;
const MANAGER_BYTES_MAX = 128;
const SUBRESOURCE_BYTES_MAX = 256;

const ORPHAN = "orphan";
const FOREGROUND = "foregroundDeletion";
const STANDARD_FINALIZERS = new Set(["kubernetes", ORPHAN, FOREGROUND]);
const IMMUTABLE = "field is immutable";

/** On every write. The name has been generated where the client wanted that. */
export function* objectMetaProblems(of: Kind, meta: AnyMeta, path = "metadata"): Problems {
  if (meta.generateName) {
    for (const detail of problemsOfNamePrefix(of.nameFormat, meta.generateName)) {
      yield invalid(`${path}.generateName`, meta.generateName, detail);
    }
  }
  if (!meta.name) yield required(`${path}.name`, "name or generateName is required");
  else
    for (const detail of problemsOfName(of.nameFormat, meta.name))
      yield invalid(`${path}.name`, meta.name, detail);
  yield* namespaceProblems(of.namespaced, meta.namespace ?? "", `${path}.namespace`);
  if ((meta.generation ?? 0) < 0) {
    yield invalid(`${path}.generation`, meta.generation, "must be greater than or equal to 0");
  }
  yield* labelProblems(meta.labels, `${path}.labels`);
  yield* annotationProblems(meta.annotations, `${path}.annotations`);
  yield* ownerProblems(meta.ownerReferences ?? [], `${path}.ownerReferences`);
  yield* finalizerProblems(of, meta.finalizers ?? [], `${path}.finalizers`);
  yield* managedFieldsProblems(meta.managedFields ?? [], `${path}.managedFields`);
}

/** Beyond `objectMetaProblems`, on update. */
export function* objectMetaUpdateProblems(
  of: Kind,
  meta: AnyMeta,
  old: AnyMeta,
  path = "metadata",
): Problems {
  if (!of.unconditionalUpdate && !meta.resourceVersion) {
    yield invalid(`${path}.resourceVersion`, "", "must be specified for an update");
  }
  yield* newFinalizerProblems(meta, old, `${path}.finalizers`);
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    yield invalid(`${path}.generation`, meta.generation ?? 0, "must not be decremented");
  }
  for (const name of FIXED) {
    if ((meta[name] ?? null) !== (old[name] ?? null))
      yield invalid(`${path}.${name}`, meta[name] ?? null, IMMUTABLE);
  }
}

const FIXED = [
  "name",
  "namespace",
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
] as const;

function* namespaceProblems(namespaced: boolean, namespace: string, path: string): Problems {
  if (!namespaced) {
    if (namespace !== "") yield forbidden(path, "not allowed on this type");
  } else if (namespace === "") yield required(path);
  else for (const detail of problemsOfName("dns-label", namespace)) yield invalid(path, namespace, detail);
}

/** Labels of objects, templates and selectors. */
export function* labelProblems(labels: Readonly<Record<string, string>> | undefined, path: string): Problems {
  for (const key in labels) {
    const value = labels[key]!;
    for (const detail of problemsOfName("qualified-name", key)) yield invalid(path, key, detail);
    for (const detail of problemsOfName("label-value", value)) yield invalid(path, value, detail);
  }
}

const encoder = new TextEncoder();
const bytesIn = (text: string): number => encoder.encode(text).length;

export function* annotationProblems(
  annotations: Readonly<Record<string, string>> | undefined,
  path: string,
): Problems {
  let length = 0;
  for (const key in annotations) {
    for (const detail of problemsOfName("qualified-name", key.toLowerCase()))
      yield invalid(path, key, detail);
    length += key.length + annotations[key]!.length;
  }
  // Three bytes at most for what JavaScript counts as one.
  if (length * 3 <= ANNOTATIONS_BYTES_MAX) return;
  let bytes = 0;
  for (const key in annotations) bytes += bytesIn(key) + bytesIn(annotations[key]!);
  if (bytes > ANNOTATIONS_BYTES_MAX) yield tooLong(path, ANNOTATIONS_BYTES_MAX);
}

function* ownerProblems(owners: readonly AnyOwner[], path: string): Problems {
  let controller = "";
  for (const [i, owner] of owners.entries()) {
    const { apiVersion, kind, name, uid } = owner;
    const ownerPath = item(path, i);
    if (apiVersion.slice(apiVersion.indexOf("/") + 1) === "") {
      yield invalid(`${ownerPath}.apiVersion`, apiVersion, "version must not be empty");
    }
    if (kind === "") yield invalid(`${ownerPath}.kind`, kind, "must not be empty");
    if (name === "") yield invalid(`${ownerPath}.name`, name, "must not be empty");
    if (uid === "") yield invalid(`${ownerPath}.uid`, uid, "must not be empty");
    if (apiVersion === "v1" && kind === "Event") {
      yield invalid(ownerPath, owner, "/v1, Kind=Event is disallowed from being an owner");
    }
    if (!owner.controller) continue;
    if (controller !== "") {
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
      yield invalid(path, owners, detail);
    }
    controller = name;
  }
}

/** Groups of Kubernetes' own; those of custom resources may use bare names. */
const isOwnGroup = (group: string): boolean => !group.includes(".") || group.endsWith(".k8s.io");

function* finalizerProblems(of: Kind, finalizers: readonly string[], path: string): Problems {
  for (const [i, finalizer] of finalizers.entries()) {
    for (const detail of problemsOfName("qualified-name", finalizer)) yield invalid(path, finalizer, detail);
    if (isOwnGroup(of.group) && !finalizer.includes("/") && !STANDARD_FINALIZERS.has(finalizer)) {
      const detail = "name is neither a standard finalizer name nor is it fully qualified";
      yield invalid(item(path, i), finalizer, detail);
    }
  }
  if (finalizers.includes(ORPHAN) && finalizers.includes(FOREGROUND)) {
    yield invalid(path, finalizers, `finalizer ${ORPHAN} and ${FOREGROUND} cannot be both set`);
  }
}

function* newFinalizerProblems(meta: AnyMeta, old: AnyMeta, path: string): Problems {
  if (!old.deletionTimestamp) return;
  const before = new Set(old.finalizers);
  const added = (meta.finalizers ?? []).filter((finalizer) => !before.has(finalizer));
  if (added.length === 0) return;
  const shown = added.map((finalizer) => JSON.stringify(finalizer)).join(", ");
  yield forbidden(
    path,
    `no new finalizers can be added if the object is being deleted, found new finalizers []string{${shown}}`,
  );
}

function* managedFieldsProblems(entries: readonly AnyManagedFields[], path: string): Problems {
  for (const [i, { operation, fieldsType, manager, subresource }] of entries.entries()) {
    const entryPath = item(path, i);
    if (operation !== "Apply" && operation !== "Update") {
      yield invalid(`${entryPath}.operation`, operation ?? "", "must be `Apply` or `Update`");
    }
    if (fieldsType && fieldsType !== "FieldsV1") {
      yield invalid(`${entryPath}.fieldsType`, fieldsType, "must be `FieldsV1`");
    }
    if (manager && bytesIn(manager) > MANAGER_BYTES_MAX)
      yield tooLong(`${entryPath}.manager`, MANAGER_BYTES_MAX);
    if (subresource && bytesIn(subresource) > SUBRESOURCE_BYTES_MAX) {
      yield tooLong(`${entryPath}.subresource`, SUBRESOURCE_BYTES_MAX);
    }
  }
}
