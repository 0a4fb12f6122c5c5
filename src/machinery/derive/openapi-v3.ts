/** `/openapi/v3`: one document for each group and version, made when it is first asked for. */
import { encodeJson, parseJson } from "../json.ts";
import type { Resource, Struct } from "../schema.ts";
import {
  discoveryPath,
  groupVersionPath,
  type OpenApiKinds,
  type Operation,
  type Parameter,
  type PathItem,
  pathsOf,
  typesFor,
} from "./openapi-paths.ts";
import { pagesOf } from "./openapi-pages.ts";
import { Definitions, type GroupVersionKind, type Json } from "./openapi-schema.ts";
import { encodeOpenApiV3 } from "./openapi-v3-protobuf.ts";
import { put } from "./shape.ts";

export interface OpenApiOptions extends OpenApiKinds {
  /** `v1.35.0` */
  readonly version: string;
}

const TITLE = "Kubernetes";
const FORMATS = ["application/json", "application/vnd.kubernetes.protobuf", "application/yaml"];
const STREAMS = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];
const PATCHES = [
  "application/apply-patch+yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];

/** The document of one group and version, which all `resources` belong to. */
export function openApiV3(
  group: string,
  version: string,
  resources: readonly Resource[],
  options: OpenApiOptions,
): Json {
  const items = [
    discoveryPath(group, version, options),
    ...resources.flatMap((of) => [...pathsOf(of, options)]),
  ];
  return documentOf(items, resources, options);
}

function documentOf(
  items: readonly PathItem[],
  resources: readonly Resource[],
  options: OpenApiOptions,
): Json {
  const definitions = new Definitions("v3", kindsIn(resources, options));
  const paths = {};
  for (const item of items.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    put(paths, item.path, pathItem(item, definitions));
  }
  return {
    openapi: "3.0.0",
    info: { title: TITLE, version: options.version },
    paths,
    components: { schemas: definitions.all(), securitySchemes: SECURITY },
  };
}

const SECURITY = {
  BearerToken: {
    type: "apiKey",
    description: "Bearer Token authentication",
    name: "authorization",
    in: "header",
  },
};

/** Which kinds a struct stands for. */
export function kindsIn(
  resources: readonly Resource[],
  { listSchema, schemaForKind }: OpenApiKinds,
): (struct: Struct) => readonly GroupVersionKind[] {
  const kinds = new Map<Struct, GroupVersionKind[]>();
  const add = (struct: Struct | undefined, kind: GroupVersionKind): void => {
    if (struct) kinds.set(struct, [...(kinds.get(struct) ?? []), kind]);
  };
  const versions = new Set<string>();
  for (const of of resources) {
    const { group, kind, version, listKind } = of;
    add(of.schema, { group, kind, version });
    if (of.verbs.includes("list")) add(listSchema(of), { group, kind: listKind, version });
    versions.add(`${group}/${version}`);
  }
  // These belong to every group and version.
  for (const kind of ["DeleteOptions", "WatchEvent"]) {
    const struct = schemaForKind("v1", kind);
    for (const groupVersion of versions) {
      const [group = "", version = ""] = groupVersion.split("/");
      add(struct, { group, kind, version });
    }
  }
  add(schemaForKind("v1", "Status"), { group: "", kind: "Status", version: "v1" });
  add(schemaForKind("autoscaling/v1", "Scale"), { group: "autoscaling", kind: "Scale", version: "v1" });
  add(schemaForKind("policy/v1", "Eviction"), { group: "policy", kind: "Eviction", version: "v1" });
  for (const kind of ["APIResourceList", "APIGroup", "APIGroupList", "APIVersions"]) {
    add(schemaForKind("v1", kind), { group: "", kind, version: "v1" });
  }
  return (struct) => kinds.get(struct) ?? [];
}

function pathItem({ parameters, operations }: PathItem, definitions: Definitions): Json {
  const made: Record<string, unknown> = {};
  for (const operation of operations) made[operation.method] = operationOf(operation, definitions);
  return { ...made, ...(parameters.length === 0 ? {} : { parameters: parameters.map(parameterOf) }) };
}

function operationOf(operation: Operation, definitions: Definitions): Json {
  const { tag, description, id, query, action, kind, codes } = operation;
  const answer = answerOf(operation, definitions);
  const responses: Record<string, unknown> = {};
  for (const code of [200, ...codes]) responses[code] = { description: CODES[code], content: answer };
  responses[401] = { description: CODES[401] };
  return {
    tags: [tag],
    description,
    operationId: id,
    ...(query.length === 0 ? {} : { parameters: query.map(parameterOf) }),
    ...bodyOf(operation, definitions),
    responses,
    ...(action === undefined ? {} : { "x-kubernetes-action": action }),
    ...(kind ? { "x-kubernetes-group-version-kind": kind } : {}),
  };
}

/** What the codes are called. */
export const CODES: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  401: "Unauthorized",
};

const contentOf = (types: readonly string[], schema: Json): Json =>
  Object.fromEntries(types.map((type) => [type, { schema }]));

function answerOf(operation: Operation, definitions: Definitions): Json {
  const { answer, streams } = operation;
  if (!answer) return contentOf(["*/*"], { type: "string" });
  const types = typesFor(operation, streams ? [...FORMATS, ...STREAMS] : FORMATS);
  return contentOf(types, definitions.ref(answer));
}

function bodyOf(operation: Operation, definitions: Definitions): Json {
  const { body, bodyRequired } = operation;
  if (!body) return {};
  const content =
    body === "patch"
      ? contentOf(typesFor(operation, PATCHES), definitions.define(PATCH_DEFINITION))
      : contentOf(["*/*"], definitions.ref(body));
  return { requestBody: { content, ...(bodyRequired ? { required: true } : {}) } };
}

const PATCH_TEXT = "A change, in the form that the content type says.";
/** The body of a patch has no struct. */
export const PATCH_DEFINITION = {
  name: "io.k8s.apimachinery.pkg.apis.meta.v1.Patch",
  v2: { description: PATCH_TEXT, type: "object" },
  v3: { description: PATCH_TEXT, type: "object" },
} as const;

const parameterOf = ({ name, in: where, type, description }: Parameter): Json => ({
  name,
  in: where,
  description,
  ...(where === "path" ? { required: true } : {}),
  schema: { type, uniqueItems: true },
});

/** Media type of the protobuf form. */
export const OPENAPI_V3_PROTOBUF = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf";

interface Made {
  readonly bytes: Uint8Array;
  /** Of the document, in whatever form. */
  readonly hash: string;
}

/** The documents of a set of kinds, as bytes. Make a new one when the set changes. */
export class OpenApiV3 {
  readonly #options: OpenApiOptions;
  readonly #groups = new Map<string, Resource[]>();
  readonly #pages: ReadonlyMap<string, PathItem>;
  readonly #made = new Map<string, Made>();
  readonly #protobufs = new Map<string, Made>();
  #index: Uint8Array | undefined;

  /** Documents of groups and versions that are as in `previous` are taken from there. */
  constructor(resources: Iterable<Resource>, options: OpenApiOptions, previous?: OpenApiV3) {
    this.#options = options;
    for (const of of resources) {
      const path = groupVersionPath(of.group, of.version);
      const known = this.#groups.get(path);
      if (known) known.push(of);
      else this.#groups.set(path, [of]);
    }
    this.#pages = pagesOf(
      Array.from(this.#groups.values(), ([first]) => first!.group),
      options,
    );
    for (const [path, made] of previous ? previous.#made : []) {
      const before = previous!.#groups.get(path);
      const now = this.#groups.get(path);
      if (now?.length === before?.length && now?.every((of, at) => of === before?.[at]))
        this.#made.set(path, made);
    }
  }

  /** The JSON of `/openapi/v3`: each document's address, with a hash that changes when the document does. */
  index(): Uint8Array {
    this.#index ??= encodeJson({ paths: this.addresses() });
    return this.#index;
  }

  /** The rows of the index, sorted. */
  addresses(): Readonly<Record<string, { readonly serverRelativeURL: string }>> {
    const paths: Record<string, { serverRelativeURL: string }> = {};
    for (const path of [...this.#groups.keys(), ...this.#pages.keys()].sort()) {
      const { hash } = this.#make(path)!;
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
    }
    return paths;
  }

  /** The JSON of `/openapi/v3/PATH`, where path is `api/v1`, `apis/apps/v1` or `version`; undefined when there is none. */
  document(path: string): Made | undefined {
    return this.#make(path);
  }

  /** The same in protobuf. Few ask for it: it is made from the JSON, for as long as that stays. */
  protobuf(path: string): Made | undefined {
    const made = this.#make(path);
    if (!made) return undefined;
    let protobuf = this.#protobufs.get(path);
    if (!protobuf) {
      protobuf = { bytes: protobufOfV3(made.bytes), hash: made.hash };
      this.#protobufs.set(path, protobuf);
    }
    return protobuf;
  }

  #make(path: string): Made | undefined {
    const known = this.#made.get(path);
    if (known) return known;
    const document = this.#document(path);
    if (!document) return undefined;
    const bytes = encodeJson(document);
    const made = { bytes, hash: hashOf(bytes) };
    this.#made.set(path, made);
    return made;
  }

  #document(path: string): Json | undefined {
    const page = this.#pages.get(path);
    if (page) return documentOf([page], [], this.#options);
    const resources = this.#groups.get(path);
    const [first] = resources ?? [];
    return resources && first && openApiV3(first.group, first.version, resources, this.#options);
  }
}

/** The protobuf form of a document in JSON. */
export const protobufOfV3 = (json: Uint8Array): Uint8Array => encodeOpenApiV3(parseJson(json) as Json);

/** 64 bits in hex (FNV-1a with two seeds): tells versions of a document apart, and is no protection. */
export function hashOf(bytes: Uint8Array): string {
  let [low, high] = [0x811c9dc5, 0x01000193];
  for (const byte of bytes) {
    low = Math.imul(low ^ byte, 0x01000193);
    high = Math.imul(high ^ byte, 0x85ebca6b);
  }
  return [low, high].map((half) => (half >>> 0).toString(16).toUpperCase().padStart(8, "0")).join("");
}
