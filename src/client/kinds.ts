import type { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { resources } from "#api/registry";
import type { APIService } from "#api/apiregistration-v1/apiservice";
import { isObject } from "#machinery/patch/merge-patch";
import { parseJson } from "#machinery/json";
import { type AnyObject, resource, type Resource, type Verb } from "#machinery/schema";
import { errorOf } from "./answers.ts";
import { textOfBody } from "./raw-calls.ts";
import type { CallOptions, Transport } from "./transport.ts";

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

/** The kinds that another server answers for, as it lists them, as far as `metadata` goes. */
export async function remoteKinds(
  { spec: { group = "", version = "" } }: APIService,
  transport: Transport,
  options: CallOptions = {},
): Promise<readonly Resource[]> {
  const request = {
    method: "GET",
    path: `/apis/${group}/${version}`,
    headers: { accept: "application/json" },
  };
  const { status, body } = await transport.raw(request, options);
  const text = await textOfBody(body);
  if (status !== 200) throw errorOf(status, text);
  const list = parseJson(text);
  const rows = isObject(list) && Array.isArray(list.resources) ? list.resources.filter(isObject) : [];
  return rows.flatMap(({ name, kind, namespaced, verbs }) =>
    typeof name === "string" && typeof kind === "string" && Array.isArray(verbs) && !name.includes("/")
      ? [
          resource<ObjectMeta, Record<never, never>, unknown, unknown, AnyObject>({
            apiVersion: `${group}/${version}`,
            kind,
            plural: name,
            namespaced: namespaced === true,
            // Whatever else it may do is nothing that we know how to ask for.
            verbs: verbs as readonly Verb[],
            metadata: ObjectMeta,
          }),
        ]
      : [],
  );
}
