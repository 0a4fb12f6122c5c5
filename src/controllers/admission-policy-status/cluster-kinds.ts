import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { resourceFor, resourceForKind } from "#api/registry";
import { declare } from "#machinery/cel/declaration";
import { typeOfStruct } from "#machinery/cel/struct-type";
import { objectType, STRING, type Type } from "#machinery/cel/types";
import type { JsonSchema, Resource } from "#machinery/schema";
import type { Kinds, KnownKind } from "./type-check.ts";

/** Those that every server has, and those that definitions bring. */
export class ClusterKinds implements Kinds {
  readonly #definitions: () => Iterable<CustomResourceDefinition>;

  constructor(definitions: () => Iterable<CustomResourceDefinition>) {
    this.#definitions = definitions;
  }

  ofResource(group: string, version: string, plural: string): KnownKind | undefined {
    const own = resourceFor(group, version, plural);
    if (own) return builtIn(own);
    return this.#custom(group, version, ({ names }) => names.plural === plural);
  }

  ofKind(apiVersion: string, kind: string): KnownKind | undefined {
    const own = resourceForKind(apiVersion, kind);
    if (own) return builtIn(own);
    const slash = apiVersion.indexOf("/");
    const [group, version] = [apiVersion.slice(0, Math.max(slash, 0)), apiVersion.slice(slash + 1)];
    return this.#custom(group, version, ({ names }) => names.kind === kind);
  }

  #custom(
    group: string,
    version: string,
    isMeant: (spec: CustomResourceDefinition["spec"]) => boolean,
  ): KnownKind | undefined {
    for (const { spec } of this.#definitions()) {
      if (spec.group !== group || !isMeant(spec)) continue;
      const served = spec.versions.find(({ name }) => name === version);
      const schema = served?.served ? served.schema?.openAPIV3Schema : undefined;
      if (schema)
        return { group, version, kind: spec.names.kind, type: customType(schema as JsonSchema, spec) };
    }
    return undefined;
  }
}

const builtIn = ({ group, version, kind, schema }: Resource): KnownKind => ({
  group,
  version,
  kind,
  type: typeOfStruct(schema),
});

/** As the schema says, with what every object has. */
function customType(schema: JsonSchema, { names, group }: CustomResourceDefinition["spec"]): Type {
  const declared = Array.from(declare(schema)?.fields ?? [], ([name, { type }]): [string, Type] => [
    name,
    type,
  ]);
  const common: [string, Type][] = [
    ["apiVersion", STRING],
    ["kind", STRING],
    ["metadata", typeOfStruct(ObjectMeta)],
  ];
  return objectType(`${group}.${names.kind}`, new Map([...declared, ...common]));
}
