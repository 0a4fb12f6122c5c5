import { labels, named } from "#api/checks";
import { problemsOfName } from "#machinery/names";
import {
  at,
  bool,
  type FieldProblem,
  int64,
  invalid,
  item,
  json,
  list,
  map,
  type Of,
  string,
  struct,
  time,
  tooLong,
} from "#machinery/schema";

export const ManagedFieldsEntry = struct("meta.v1.ManagedFieldsEntry", {
  manager: string(1).maxLength(128),
  operation: string(2),
  apiVersion: string(3),
  time: time(4).pointer(),
  fieldsType: string(6),
  fieldsV1: json(7).pointer(),
  subresource: string(8).maxLength(256),
});
export interface ManagedFieldsEntry extends Of<typeof ManagedFieldsEntry> {}

export const OwnerReference = struct(
  "meta.v1.OwnerReference",
  {
    apiVersion: string(5).required(),
    kind: string(1).required(),
    name: string(3).required(),
    uid: string(4).required(),
    controller: bool(6).pointer(),
    blockOwnerDeletion: bool(7).pointer(),
  },
  {
    atomic: true,

    *validate({ apiVersion, kind, name, uid }, path) {
      const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
      if (version === "") yield invalid(at(path, "apiVersion"), apiVersion, "version must not be empty");
      if (kind === "") yield invalid(at(path, "kind"), kind, "must not be empty");
      if (name === "") yield invalid(at(path, "name"), name, "must not be empty");
      if (uid === "") yield invalid(at(path, "uid"), uid, "must not be empty");
      if (apiVersion === "v1" && kind === "Event")
        yield invalid(
          path,
          { apiVersion, kind, name, uid },
          "/v1, Kind=Event is disallowed from being an owner",
        );
    },
  },
);
export interface OwnerReference extends Of<typeof OwnerReference> {}

/** All keys and values of one object's annotations together. */
const ANNOTATION_BYTES_MAX = 262_144;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

function* annotationProblems(
  annotations: Readonly<Record<string, string>> | undefined,
  path: string,
): Iterable<FieldProblem> {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const detail of problemsOfName("qualified-name", key.toLowerCase()))
      yield invalid(path, key, detail);
    bytes += bytesOf(key) + bytesOf(value);
  }
  if (bytes > ANNOTATION_BYTES_MAX) yield tooLong(path, ANNOTATION_BYTES_MAX);
}

function* finalizerProblems(finalizers: readonly string[], path: string): Iterable<FieldProblem> {
  for (const [index, name] of finalizers.entries()) yield* named(item(path, index), name, "qualified-name");
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion"))
    yield invalid(path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set");
}

function* ownerProblems(owners: readonly OwnerReference[], path: string): Iterable<FieldProblem> {
  const [first, second] = owners.filter(({ controller }) => controller);
  if (!first || !second) return;
  const both = `${first.kind}/${first.name} and ${second.kind}/${second.name}`;
  const detail = "Only one reference can have Controller set to true.";
  yield invalid(path, owners, `${detail} Found "true" in references for ${both}`);
}

export const ObjectMeta = struct(
  "meta.v1.ObjectMeta",
  {
    name: string(1).assigned(),
    generateName: string(2),
    namespace: string(3),
    selfLink: string(4),
    uid: string(5).assigned(),
    resourceVersion: string(6).assigned(),
    generation: int64(7),
    creationTimestamp: time(8).omitZero().assigned(),
    deletionTimestamp: time(9).pointer(),
    deletionGracePeriodSeconds: int64(10).pointer(),
    labels: map(11, string),
    annotations: map(12, string),
    ownerReferences: list(13, OwnerReference).mergedBy("uid"),
    finalizers: list(14, string).mergedSet(),
    managedFields: list(17, ManagedFieldsEntry).atomic(),
  },
  {
    *validate(meta, path) {
      yield* labels(at(path, "labels"), meta.labels);
      yield* annotationProblems(meta.annotations, at(path, "annotations"));
      yield* finalizerProblems(meta.finalizers ?? [], at(path, "finalizers"));
      yield* ownerProblems(meta.ownerReferences ?? [], at(path, "ownerReferences"));
    },
  },
);
export interface ObjectMeta extends Of<typeof ObjectMeta> {}

/** The owner that manages an object, if one does. */
export const controllerOf = ({
  ownerReferences,
}: {
  readonly ownerReferences?: readonly OwnerReference[];
}): OwnerReference | undefined => ownerReferences?.find(({ controller }) => controller);
