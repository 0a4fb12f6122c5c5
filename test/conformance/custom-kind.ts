/** Custom kinds for one test, and the calls of their objects by the JavaScript client. */
import {
  ApiextensionsV1Api,
  CustomObjectsApi,
  type KubernetesObject,
  PatchStrategy,
  setHeaderOptions,
  type V1CustomResourceConversion,
  type V1CustomResourceDefinition,
  type V1CustomResourceDefinitionVersion,
  type V1JSONSchemaProps,
} from "@kubernetes/client-node";
import type { Recording } from "./recording.ts";
import type { ConformanceContext } from "./suite.ts";

export const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** Any object: a test says what it expects of it. */
// oxlint-disable-next-line typescript/no-explicit-any -- objects of every shape are looked at
export type Custom = KubernetesObject & Record<string, any>;

/** A schema in which everything is allowed and kept. */
export const OPEN_SCHEMA: V1JSONSchemaProps = { type: "object", x_kubernetes_preserve_unknown_fields: true };

export interface CustomOptions {
  /** By default one that nobody else has. */
  readonly group?: string;
  readonly kind?: string;
  readonly scope?: "Namespaced" | "Cluster";
  /** By default one, v1, that takes everything. The first is stored unless one says so. */
  readonly versions?: readonly CustomVersion[];
  readonly conversion?: V1CustomResourceConversion;
  readonly labels?: Record<string, string>;
}

export type CustomVersion = Partial<V1CustomResourceDefinitionVersion> & { readonly name: string };

/** A definition that is not written yet. */
export function definitionOf(
  { unique }: ConformanceContext,
  {
    group,
    kind = "Widget",
    scope = "Namespaced",
    versions = [{ name: "v1" }],
    conversion,
    labels,
  }: CustomOptions,
): V1CustomResourceDefinition {
  const ownGroup = group ?? `${unique("g")}.example.com`;
  const singular = kind.toLowerCase();
  const plural = `${singular}s`;
  const stored = versions.find(({ storage }) => storage) ?? versions[0];
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${ownGroup}`, labels },
    spec: {
      group: ownGroup,
      scope,
      names: { kind, plural, singular, listKind: `${kind}List` },
      conversion,
      versions: versions.map((version) => ({
        served: true,
        schema: { openAPIV3Schema: OPEN_SCHEMA },
        ...version,
        storage: version === stored,
      })),
    },
  };
}

/** Defines a kind and waits until it is served; it is taken away at the end of the test. */
export async function makeCustomKind(
  context: ConformanceContext,
  options: CustomOptions = {},
): Promise<CustomKind> {
  const { api, defer, waitGone } = context;
  const body = definitionOf(context, options);
  const name = body.metadata!.name!;
  await api(ApiextensionsV1Api).createCustomResourceDefinition({ body });
  // Gone before what it needs is gone: the objects go through the webhook that converts them.
  defer(async () => {
    await api(ApiextensionsV1Api).deleteCustomResourceDefinition({ name });
    await waitGone(`${DEFINITIONS}/${name}`);
  });
  await untilEstablished(context, name);
  return new CustomKind(context, body);
}

export const untilEstablished = ({ waitFor }: ConformanceContext, name: string) =>
  waitFor<V1CustomResourceDefinition>(
    `${DEFINITIONS}/${name}`,
    (found) =>
      found?.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") ??
      false,
    `${name} is established`,
  );

export class CustomKind {
  readonly name: string;
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
  /** That calls use where they name none. */
  readonly version: string;
  readonly #context: ConformanceContext;

  constructor(context: ConformanceContext, { metadata, spec }: V1CustomResourceDefinition) {
    this.#context = context;
    this.name = metadata!.name!;
    this.group = spec.group;
    this.plural = spec.names.plural;
    this.kind = spec.names.kind;
    this.version = spec.versions.find(({ storage }) => storage)!.name;
  }

  /** Path of the collection in the test's namespace. */
  path(version = this.version): string {
    return `/apis/${this.group}/${version}/namespaces/${this.#context.namespace}/${this.plural}`;
  }

  object(name: string, members: object = {}, version = this.version): Custom {
    return { apiVersion: `${this.group}/${version}`, kind: this.kind, metadata: { name }, ...members };
  }

  create(name: string, members: object = {}, version = this.version): Promise<Custom> {
    const body = this.object(name, members, version);
    return this.#api.createNamespacedCustomObject({ ...this.#at(version), body });
  }

  read(name: string, version = this.version): Promise<Custom> {
    return this.#api.getNamespacedCustomObject({ ...this.#at(version), name });
  }

  async list(query: { labelSelector?: string; fieldSelector?: string } = {}, version = this.version) {
    const found = await this.#api.listNamespacedCustomObject({ ...this.#at(version), ...query });
    return (found as { items: Custom[] }).items;
  }

  replace(object: Custom, version = this.version): Promise<Custom> {
    const name = object.metadata!.name!;
    return this.#api.replaceNamespacedCustomObject({ ...this.#at(version), name, body: object });
  }

  patch(name: string, body: object, strategy: string = PatchStrategy.MergePatch, version = this.version) {
    return this.#api.patchNamespacedCustomObject(
      { ...this.#at(version), name, body },
      setHeaderOptions("Content-Type", strategy),
    ) as Promise<Custom>;
  }

  async delete(name: string, version = this.version): Promise<void> {
    await this.#api.deleteNamespacedCustomObject({ ...this.#at(version), name });
  }

  watch(query: Record<string, string> = {}, version = this.version): Promise<Recording<Custom>> {
    return this.#context.watch<Custom>(this.path(version), query);
  }

  /** Changes the definition. */
  async define(
    change: (definition: V1CustomResourceDefinition) => void,
  ): Promise<V1CustomResourceDefinition> {
    const api = this.#context.api(ApiextensionsV1Api);
    for (;;) {
      const body = await api.readCustomResourceDefinition({ name: this.name });
      change(body);
      try {
        return await api.replaceCustomResourceDefinition({ name: this.name, body });
      } catch (error) {
        // Its conditions are written meanwhile.
        if ((error as { code?: number }).code !== 409) throw error;
      }
    }
  }

  get #api(): CustomObjectsApi {
    return this.#context.api(CustomObjectsApi);
  }

  #at(version: string) {
    return { group: this.group, version, namespace: this.#context.namespace, plural: this.plural };
  }
}
