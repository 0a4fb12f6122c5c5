/** What can be asked of each kind, from which both dialects of OpenAPI make their paths. */
import type { Resource, Struct } from "../schema.ts";
import type { GroupVersionKind } from "./openapi-schema.ts";

/** The structs that paths refer to and that are no part of any resource. */
export interface OpenApiKinds {
  /** Of bodies and answers: DeleteOptions, Status, Scale, Eviction, APIResourceList … */
  schemaForKind(apiVersion: string, kind: string): Struct | undefined;
  listSchema(of: Resource): Struct;
}

export type Method = "get" | "put" | "post" | "delete" | "patch";

export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path";
  readonly type: "string" | "boolean" | "integer";
  readonly description: string;
}

export interface Operation {
  readonly method: Method;
  readonly id: string;
  readonly tag: string;
  readonly description: string;
  /** `list`, `post`, `connect` …; absent for discovery. */
  readonly action?: string;
  readonly kind?: GroupVersionKind;
  readonly query: readonly Parameter[];
  /** A struct; `patch` is any of the patch types. */
  readonly body?: Struct | "patch";
  readonly bodyRequired?: boolean;
  /** Undefined: text. */
  readonly answer: Struct | undefined;
  /** Besides 200. */
  readonly codes: readonly number[];
  readonly streams?: boolean;
  /** Of a custom kind, which is JSON and takes no strategic patch. */
  readonly isCustom?: boolean;
}

export interface PathItem {
  readonly path: string;
  /** Of the path itself: name and namespace. */
  readonly parameters: readonly Parameter[];
  readonly operations: readonly Operation[];
}

const query = (name: string, type: Parameter["type"], description: string): Parameter => ({
  name,
  in: "query",
  type,
  description,
});
const inPath = (name: string, description: string): Parameter => ({
  name,
  in: "path",
  type: "string",
  description,
});

const PRETTY = query("pretty", "string", "If 'true', the answer is indented.");
const DRY_RUN = query("dryRun", "string", "'All': everything is done but for the change itself.");
const MANAGER = query("fieldManager", "string", "Who makes the change, for the tracking of fields.");
const VALIDATION = query(
  "fieldValidation",
  "string",
  "What to do about unknown and repeated fields: Ignore, Warn or Strict.",
);

const LIST_QUERY: readonly Parameter[] = [
  query("allowWatchBookmarks", "boolean", "A watch may tell its progress with BOOKMARK events."),
  query("continue", "string", "Where the previous page of the list ended."),
  query("fieldSelector", "string", "Only objects whose fields fit."),
  query("labelSelector", "string", "Only objects whose labels fit."),
  query("limit", "integer", "At most this many items on a page."),
  query("resourceVersion", "string", "Which version of the data the answer may be from."),
  query("resourceVersionMatch", "string", "How resourceVersion is meant: NotOlderThan or Exact."),
  query("sendInitialEvents", "boolean", "A watch starts with what is there."),
  query("timeoutSeconds", "integer", "The call ends after this many seconds."),
  query("watch", "boolean", "Go on with changes as they happen."),
];
const WRITE_QUERY: readonly Parameter[] = [PRETTY, DRY_RUN, MANAGER, VALIDATION];
const PATCH_QUERY: readonly Parameter[] = [
  ...WRITE_QUERY,
  query("force", "boolean", "Apply takes over fields that others own."),
];
const DELETE_QUERY: readonly Parameter[] = [
  DRY_RUN,
  query("gracePeriodSeconds", "integer", "How long the object has to end."),
  query(
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "boolean",
    "Delete an object that can no longer be read.",
  ),
  query("orphanDependents", "boolean", "Older form of propagationPolicy."),
  query("propagationPolicy", "string", "What becomes of dependents: Orphan, Background or Foreground."),
];

const NAME = inPath("name", "Name of the object.");
const NAMESPACE = inPath("namespace", "Namespace of the object.");

export const groupVersionPath = (group: string, version: string): string =>
  group === "" ? `api/${version}` : `apis/${group}/${version}`;

/** `RbacAuthorization` of `rbac.authorization.k8s.io`, `Core` of the group without a name. */
export function groupWords(group: string): string {
  if (group === "") return "Core";
  const labels = group.replace(/\.k8s\.io$/, "").split(".");
  return labels.map(capital).join("");
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

const groupTag = (group: string, version: string): string => {
  const words = groupWords(group);
  return `${words.slice(0, 1).toLowerCase()}${words.slice(1)}_${version}`;
};

/** All paths of one kind, and of its subresources. */
export function* pathsOf(of: Resource, kinds: OpenApiKinds): Iterable<PathItem> {
  yield* new KindPaths(of, kinds).all();
}

/** The path that lists the kinds of a group and version. */
export function discoveryPath(group: string, version: string, kinds: OpenApiKinds): PathItem {
  const answer = kinds.schemaForKind("v1", "APIResourceList");
  const operation: Operation = {
    method: "get",
    id: `get${groupWords(group)}${capital(version)}APIResources`,
    tag: groupTag(group, version),
    description: "Lists the kinds of this group and version.",
    query: [],
    answer,
    codes: [],
  };
  return { path: `/${groupVersionPath(group, version)}/`, parameters: [], operations: [operation] };
}

const PROTOBUF = "application/vnd.kubernetes.protobuf";
const STRATEGIC = "application/strategic-merge-patch+json";

/** Of all media types those that the operation knows. */
export const typesFor = ({ isCustom = false }: Operation, types: readonly string[]): readonly string[] =>
  isCustom ? types.filter((type) => !type.startsWith(PROTOBUF) && type !== STRATEGIC) : types;

class KindPaths {
  readonly #of: Resource;
  readonly #kinds: OpenApiKinds;
  readonly #status: Struct | undefined;
  readonly #words: string;

  constructor(of: Resource, kinds: OpenApiKinds) {
    this.#of = of;
    this.#kinds = kinds;
    this.#status = kinds.schemaForKind("v1", "Status");
    this.#words = `${groupWords(of.group)}${capital(of.version)}`;
  }

  *all(): Iterable<PathItem> {
    const { group, version, plural, namespaced } = this.#of;
    const root = `/${groupVersionPath(group, version)}`;
    const base = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
    const scope = namespaced ? [NAMESPACE] : [];
    yield* item(base, [...scope, PRETTY], this.#collection());
    if (namespaced && this.#can("list")) {
      yield* item(`${root}/${plural}`, [PRETTY], [this.#list("", "ForAllNamespaces")]);
    }
    yield* item(`${base}/{name}`, [NAME, ...scope, PRETTY], this.#single());
    yield* this.#subresources(base, [NAME, ...scope, PRETTY]);
    yield* this.#watches(root);
  }

  /** The older way to watch, that clients of old still take. */
  *#watches(root: string): Iterable<PathItem> {
    const { plural, namespaced } = this.#of;
    if (!this.#can("watch") || this.#of.schema.rules.structural) return;
    const scope = namespaced ? [NAMESPACE] : [];
    const base = namespaced ? `${root}/watch/namespaces/{namespace}/${plural}` : `${root}/watch/${plural}`;
    const query = [...LIST_QUERY, PRETTY].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    yield* item(base, [...scope, ...query], [this.#watch("List", "watchlist")]);
    if (namespaced)
      yield* item(`${root}/watch/${plural}`, query, [this.#watch("ListForAllNamespaces", "watchlist", "")]);
    yield* item(`${base}/{name}`, [NAME, ...scope, ...query], [this.#watch("", "watch")]);
  }

  #watch(suffix: string, action: string, scoped = this.#scoped): Operation {
    const { kind } = this.#of;
    const what = action === "watch" ? `one ${kind}` : `${kind} objects`;
    const description = `Watches ${what}. Deprecated: list with the parameter 'watch' instead.`;
    return this.#operation("get", action, `watch${this.#words}${scoped}${kind}${suffix}`, description, {
      query: [],
      answer: this.#kinds.schemaForKind("v1", "WatchEvent"),
      streams: true,
    });
  }

  #can(verb: string): boolean {
    return (this.#of.verbs as readonly string[]).includes(verb);
  }

  get #scoped(): string {
    return this.#of.namespaced ? "Namespaced" : "";
  }

  get #kind(): GroupVersionKind {
    const { group, kind, version } = this.#of;
    return { group, kind, version };
  }

  #operation(
    method: Method,
    action: string,
    id: string,
    description: string,
    rest: Pick<Operation, "query" | "answer"> & Partial<Operation>,
  ): Operation {
    const { group, version } = this.#of;
    return {
      method,
      action,
      id,
      description,
      tag: groupTag(group, version),
      kind: this.#kind,
      codes: [],
      isCustom: this.#of.schema.rules.structural !== undefined,
      ...rest,
    };
  }

  #list(scope: string, suffix = ""): Operation {
    const { kind } = this.#of;
    return this.#operation(
      "get",
      "list",
      `list${this.#words}${scope}${kind}${suffix}`,
      `Lists or watches ${kind} objects.`,
      {
        query: LIST_QUERY,
        answer: this.#kinds.listSchema(this.#of),
        streams: true,
      },
    );
  }

  #collection(): Operation[] {
    const { kind, schema } = this.#of;
    const deleteOptions = this.#kinds.schemaForKind("v1", "DeleteOptions");
    const made: Operation[] = [];
    if (this.#can("list")) made.push(this.#list(this.#scoped));
    if (this.#can("create")) {
      const id = `create${this.#words}${this.#scoped}${kind}`;
      const rest = {
        query: WRITE_QUERY.slice(1),
        body: schema,
        bodyRequired: true,
        answer: schema,
        codes: [201, 202],
      };
      made.push(this.#operation("post", "post", id, `Creates one ${kind}.`, rest));
    }
    if (this.#can("deletecollection")) {
      const id = `delete${this.#words}Collection${this.#scoped}${kind}`;
      const list = LIST_QUERY.filter(({ name }) => name !== "watch" && name !== "allowWatchBookmarks");
      const rest = { query: [...list, ...DELETE_QUERY], body: deleteOptions, answer: this.#status };
      made.push(this.#operation("delete", "deletecollection", id, `Deletes ${kind} objects.`, rest));
    }
    return made;
  }

  #single(): Operation[] {
    const { kind, schema } = this.#of;
    const made = this.#readAndWrite("", schema, this.#of.verbs);
    if (this.#can("delete")) {
      const id = `delete${this.#words}${this.#scoped}${kind}`;
      const body = this.#kinds.schemaForKind("v1", "DeleteOptions");
      const rest = { query: DELETE_QUERY, body, answer: this.#status, codes: [202] };
      made.push(this.#operation("delete", "delete", id, `Deletes one ${kind}.`, rest));
    }
    return made;
  }

  /** get, put and patch of the object or of one of its subresources. */
  #readAndWrite(sub: string, schema: Struct, verbs: readonly string[]): Operation[] {
    const { kind } = this.#of;
    const name = `${this.#words}${this.#scoped}${kind}${sub}`;
    const what = sub === "" ? `one ${kind}` : `${sub.toLowerCase()} of one ${kind}`;
    const made: Operation[] = [];
    if (verbs.includes("get")) {
      made.push(
        this.#operation("get", "get", `read${name}`, `Reads ${what}.`, { query: [], answer: schema }),
      );
    }
    if (verbs.includes("update")) {
      const rest = {
        query: WRITE_QUERY.slice(1),
        body: schema,
        bodyRequired: true,
        answer: schema,
        codes: [201],
      };
      made.push(this.#operation("put", "put", `replace${name}`, `Replaces ${what}.`, rest));
    }
    if (verbs.includes("patch")) {
      const rest = {
        query: PATCH_QUERY.slice(1),
        body: "patch" as const,
        bodyRequired: true,
        answer: schema,
        codes: [201],
      };
      made.push(this.#operation("patch", "patch", `patch${name}`, `Changes parts of ${what}.`, rest));
    }
    return made;
  }

  *#subresources(base: string, parameters: readonly Parameter[]): Iterable<PathItem> {
    const { statusSubresource, scale, subresources, schema } = this.#of;
    const path = (sub: string): string => `${base}/{name}/${sub}`;
    const all = ["get", "patch", "update"];
    if (statusSubresource && !("status" in subresources)) {
      yield* item(path("status"), parameters, this.#readAndWrite("Status", schema, all));
    }
    const scaleSchema = this.#kinds.schemaForKind("autoscaling/v1", "Scale");
    if (scale && scaleSchema && !("scale" in subresources)) {
      const kind = { group: "autoscaling", kind: "Scale", version: "v1" };
      const operations = this.#readAndWrite("Scale", scaleSchema, all).map((operation) => ({
        ...operation,
        kind,
      }));
      yield* item(path("scale"), parameters, operations);
    }
    for (const [name, facts] of Object.entries(subresources)) {
      yield* item(path(name), parameters, this.#subresource(name, facts));
    }
  }

  #subresource(name: string, facts: Resource["subresources"][string]): Operation[] {
    const { apiVersion = this.#of.apiVersion, kind, verbs, connect } = facts;
    const schema = kind === this.#of.kind ? this.#of.schema : this.#kinds.schemaForKind(apiVersion, kind);
    const slash = apiVersion.indexOf("/");
    const gvk = {
      group: slash < 0 ? "" : apiVersion.slice(0, slash),
      kind,
      version: apiVersion.slice(slash + 1),
    };
    const sub = capital(name);
    if (connect)
      return verbs
        .flatMap((verb) => this.#connect(sub, verb))
        .map((operation) => ({ ...operation, kind: gvk }));
    if (name === "log") {
      const id = `read${this.#words}${this.#scoped}${this.#of.kind}Log`;
      return [
        this.#operation("get", "get", id, "Reads the log of a container.", {
          query: LOG_QUERY,
          answer: undefined,
        }),
      ];
    }
    if (!schema) return [];
    const made = this.#readAndWrite(sub, schema, verbs);
    if (verbs.includes("create")) {
      const id = `create${this.#words}${this.#scoped}${this.#of.kind}${sub}`;
      const rest = {
        query: WRITE_QUERY.slice(1),
        body: schema,
        bodyRequired: true,
        answer: schema,
        codes: [201, 202],
      };
      made.push(this.#operation("post", "post", id, `Creates ${name} of one ${this.#of.kind}.`, rest));
    }
    return made.map((operation) => ({ ...operation, kind: gvk }));
  }

  #connect(sub: string, verb: string): Operation[] {
    const method = CONNECT_METHOD[verb];
    if (!method) return [];
    const id = `connect${this.#words}${capital(method)}${this.#scoped}${this.#of.kind}${sub}`;
    const description = `Connects to ${sub.toLowerCase()} of one ${this.#of.kind}.`;
    return [this.#operation(method, "connect", id, description, { query: [], answer: undefined })];
  }
}

const CONNECT_METHOD: Readonly<Record<string, Method>> = {
  get: "get",
  create: "post",
  update: "put",
  patch: "patch",
  delete: "delete",
};

const LOG_QUERY: readonly Parameter[] = [
  query("container", "string", "Which container."),
  query("follow", "boolean", "Go on with new lines as they come."),
  query("insecureSkipTLSVerifyBackend", "boolean", "Do not check the certificate of the node."),
  query("limitBytes", "integer", "At most this many bytes."),
  query("previous", "boolean", "Of the container's previous run."),
  query("sinceSeconds", "integer", "Only lines of the last so many seconds."),
  query("stream", "string", "Which stream: All, Stdout or Stderr."),
  query("tailLines", "integer", "Only so many of the last lines."),
  query("timestamps", "boolean", "Put the time in front of every line."),
];

function* item(
  path: string,
  parameters: readonly Parameter[],
  operations: readonly Operation[],
): Iterable<PathItem> {
  if (operations.length > 0) yield { path, parameters, operations };
}
