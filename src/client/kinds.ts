import type { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { resources } from "#api/registry";
import { type AnyObject, resource, type Resource } from "#machinery/schema";

/**
 * The built-in kinds that hold objects, each once: where several versions or groups show the same objects, the
 * stored one.
 */
export const storedKinds: readonly Resource[] = uniqueKinds(
  resources.filter(
    ({ storedAs, servedByDefault, verbs }) =>
      storedAs === undefined && servedByDefault && verbs.includes("list"),
  ),
);

function uniqueKinds(kinds: readonly Resource[]): readonly Resource[] {
  const seen = new Map<string, Resource>();
  for (const kind of kinds) {
    const name = `${kind.group}/${kind.plural}`;
    if (!seen.has(name)) seen.set(name, kind);
  }
  return [...seen.values()];
}

/** The kind that a definition describes, as far as `metadata` goes; undefined until the server serves it. */
export function customKind({ spec, status }: CustomResourceDefinition): Resource | undefined {
  const established = status?.conditions?.some(
    ({ type, status: is }) => type === "Established" && is === "True",
  );
  const served =
    spec.versions.find((version) => version.served && version.storage) ??
    spec.versions.find((version) => version.served);
  if (!established || !served) return undefined;
  return resource<ObjectMeta, Record<never, never>, unknown, unknown, AnyObject>({
    apiVersion: `${spec.group}/${served.name}`,
    kind: spec.names.kind,
    plural: spec.names.plural,
    namespaced: spec.scope === "Namespaced",
    metadata: ObjectMeta,
  });
}
