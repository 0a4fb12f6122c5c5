import { hasReason } from "#machinery/status";
import type { AnyObject, Resource, Wire } from "#machinery/schema";
import type { Address } from "./address.ts";
import type {
  CallOptions,
  ListPage,
  PatchType,
  Query,
  RawRequest,
  RawResponse,
  Transport,
  WatchEvent,
} from "./transport.ts";

/** What a list or watch is narrowed to. */
export interface Selection {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Only `metadata` is needed; the transport may leave out the rest. */
  readonly metadataOnly?: boolean;
}

export interface ListOptions extends Selection, CallOptions {
  /** `0`: whatever the server has in its cache. Absent: the newest. */
  readonly resourceVersion?: string;
}

export interface WriteOptions extends CallOptions {
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Takes fields over from other managers. */
  readonly force?: boolean;
}

export interface DeleteOptions extends CallOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground";
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
}

export type JsonPatchOperations = readonly { readonly op: string; readonly path: string }[];

/** One page holds at most this many objects, so that neither side keeps a whole big list as text. */
export const PAGE_ITEMS = 2_000;

/** Objects of an API server, typed by their kind. Every failure is a StatusError or an error of the connection. */
export class Client {
  readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  async get<T extends AnyObject>(
    resource: Resource<T>,
    at: Address,
    { signal, resourceVersion }: CallOptions & { readonly resourceVersion?: string } = {},
  ): Promise<T> {
    const query = queryOf({ resourceVersion });
    return (await this.transport.call(
      { resource, ...place(resource, at), verb: "get", query },
      { signal },
    )) as T;
  }

  /** The object, or undefined when there is none. */
  async find<T extends AnyObject>(
    resource: Resource<T>,
    at: Address,
    options: CallOptions = {},
  ): Promise<T | undefined> {
    try {
      return await this.get(resource, at, options);
    } catch (error) {
      if (hasReason(error, "NotFound")) return undefined;
      throw error;
    }
  }

  /** Page after page, all at the first one's resource version. */
  async *pages<T extends AnyObject>(
    resource: Resource<T>,
    { limit = PAGE_ITEMS, ...options }: ListOptions & { readonly limit?: number } = {},
  ): AsyncGenerator<ListPage<T>> {
    let next: string | undefined;
    do {
      const page: ListPage<T> = await this.#page(resource, options, { limit: String(limit), continue: next });
      yield page;
      next = page.continue;
    } while (next);
  }

  /** The whole list in one answer. For lists that may be long, prefer `pages`. */
  list<T extends AnyObject>(resource: Resource<T>, options: ListOptions = {}): Promise<ListPage<T>> {
    return this.#page(resource, options, {});
  }

  #page<T extends AnyObject>(
    resource: Resource<T>,
    { signal, resourceVersion, ...selection }: ListOptions,
    extra: Readonly<Record<string, string | undefined>>,
  ): Promise<ListPage<T>> {
    // A continue token says itself which version it reads.
    const version = extra.continue ? undefined : resourceVersion;
    const query = queryOf({ ...selectors(selection), resourceVersion: version, ...extra });
    const { namespace, metadataOnly } = selection;
    return this.transport.list({ resource, namespace, metadataOnly, query }, { signal });
  }

  watch<T extends AnyObject>(
    resource: Resource<T>,
    {
      signal,
      resourceVersion,
      initialEvents,
      namespace,
      metadataOnly,
      ...selection
    }: Selection & {
      readonly signal: AbortSignal;
      readonly resourceVersion: string;
      readonly initialEvents?: boolean;
    },
  ): AsyncIterable<WatchEvent<T>> {
    const query = queryOf(selectors(selection));
    return this.transport.watch(
      { resource, namespace, metadataOnly, query, resourceVersion, initialEvents },
      { signal },
    );
  }

  async create<T extends AnyObject>(
    resource: Resource<T>,
    object: Wire<T>,
    { signal, ...options }: WriteOptions = {},
  ): Promise<T> {
    const { namespace } = (object as Partial<AnyObject>).metadata ?? {};
    const body = { apiVersion: resource.apiVersion, kind: resource.kind, ...object };
    const query = writeQuery(options);
    const target = { resource, ...(namespace === undefined ? {} : { namespace }) };
    return (await this.transport.call({ ...target, verb: "create", body, query }, { signal })) as T;
  }

  /** Replaces the object; its resourceVersion, where it has one, must still be the newest. */
  async update<T extends AnyObject>(
    resource: Resource<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.#replace(resource, object, undefined, options);
  }

  async updateStatus<T extends AnyObject>(
    resource: Resource<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.#replace(resource, object, "status", options);
  }

  /** PUT of any subresource that takes the whole object, as `status`, `approval` and `finalize` do. */
  async updateSubresource<T extends AnyObject>(
    resource: Resource<T>,
    object: T,
    subresource: string,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.#replace(resource, object, subresource, options);
  }

  async #replace<T extends AnyObject>(
    resource: Resource<T>,
    object: T,
    subresource: string | undefined,
    { signal, ...options }: WriteOptions,
  ): Promise<T> {
    const target = { resource, ...place(resource, object.metadata), subresource };
    const query = writeQuery(options);
    return (await this.transport.call({ ...target, verb: "update", body: object, query }, { signal })) as T;
  }

  /** RFC 6902. */
  jsonPatch<T extends AnyObject>(
    resource: Resource<T>,
    at: Address,
    body: JsonPatchOperations,
    options: PatchOptions = {},
  ): Promise<T> {
    return this.#patch(resource, at, "application/json-patch+json", body, options);
  }

  /** RFC 7386. */
  mergePatch<T extends AnyObject>(
    resource: Resource<T>,
    at: Address,
    body: Readonly<Record<string, unknown>>,
    options: PatchOptions = {},
  ): Promise<T> {
    return this.#patch(resource, at, "application/merge-patch+json", body, options);
  }

  /** Lists are merged as the kind's schema says. Not for custom resources. */
  strategicPatch<T extends AnyObject>(
    resource: Resource<T>,
    at: Address,
    body: Readonly<Record<string, unknown>>,
    options: PatchOptions = {},
  ): Promise<T> {
    return this.#patch(resource, at, "application/strategic-merge-patch+json", body, options);
  }

  /** Server-side apply. */
  apply<T extends AnyObject>(
    resource: Resource<T>,
    object: Wire<T>,
    { force, ...options }: ApplyOptions & { readonly subresource?: string },
  ): Promise<T> {
    const { name = "", namespace } = (object as Partial<AnyObject>).metadata ?? {};
    const body = { apiVersion: resource.apiVersion, kind: resource.kind, ...object };
    const query: Query = force ? { force: "true" } : {};
    return this.#patch(resource, { name, namespace }, "application/apply-patch+yaml", body, options, query);
  }

  async #patch<T extends AnyObject>(
    resource: Resource<T>,
    at: Address,
    patchType: PatchType,
    body: unknown,
    { signal, subresource, ...options }: PatchOptions,
    query: Query = {},
  ): Promise<T> {
    const call = {
      resource,
      ...place(resource, at),
      subresource,
      verb: "patch",
      patchType,
      body,
      query: { ...query, ...writeQuery(options) },
    } as const;
    return (await this.transport.call(call, { signal })) as T;
  }

  /** The answer is the object on its way out, or a Status once it is gone. */
  delete<T extends AnyObject>(
    resource: Resource<T>,
    at: Address,
    { signal, ...options }: DeleteOptions = {},
  ): Promise<unknown> {
    const call = { resource, ...place(resource, at), verb: "delete", body: deleteBody(options) } as const;
    return this.transport.call(call, { signal });
  }

  /** Deletes everything the selection matches, in one namespace or all over the cluster. */
  async deleteCollection<T extends AnyObject>(
    resource: Resource<T>,
    { namespace, labelSelector, fieldSelector, ...options }: Selection & DeleteOptions = {},
  ): Promise<void> {
    const { signal, metadataOnly: _ignored, ...rest } = options;
    const query = queryOf({ labelSelector, fieldSelector });
    const body = deleteBody(rest);
    await this.transport.call({ resource, namespace, verb: "deletecollection", query, body }, { signal });
  }

  /** GET of a subresource with a shape of its own, such as `scale`. */
  getSubresource<T extends AnyObject>(
    resource: Resource<T>,
    at: Address,
    subresource: string,
    { signal }: CallOptions = {},
  ): Promise<unknown> {
    return this.transport.call({ resource, ...place(resource, at), subresource, verb: "get" }, { signal });
  }

  /** POST to a subresource: `binding`, `eviction`, `token`. */
  createSubresource<T extends AnyObject>(
    resource: Resource<T>,
    at: Address,
    subresource: string,
    body: unknown,
    { signal, ...options }: WriteOptions = {},
  ): Promise<unknown> {
    const target = { resource, ...place(resource, at), subresource };
    const query = writeQuery(options);
    return this.transport.call({ ...target, verb: "create", body, query }, { signal });
  }

  /** Binds a pending pod to a node. */
  async bind<T extends AnyObject>(
    pods: Resource<T>,
    pod: Address & { readonly uid?: string },
    node: string,
    options: CallOptions = {},
  ): Promise<void> {
    const body = {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: pod.name, namespace: pod.namespace, ...(pod.uid ? { uid: pod.uid } : {}) },
      target: { kind: "Node", name: node },
    };
    await this.createSubresource(pods, pod, "binding", body, options);
  }

  /** Deletes a pod unless a disruption budget says no: then a StatusError TooManyRequests. */
  async evict<T extends AnyObject>(
    pods: Resource<T>,
    pod: Address,
    { signal, dryRun: _ignored, ...deleteOptions }: DeleteOptions = {},
  ): Promise<void> {
    const metadata = { name: pod.name, namespace: pod.namespace };
    const body = { apiVersion: "policy/v1", kind: "Eviction", metadata, deleteOptions };
    await this.createSubresource(pods, pod, "eviction", body, { signal });
  }

  /** Sets the wanted replicas through the kind's `scale` subresource. */
  async scale<T extends AnyObject>(
    resource: Resource<T>,
    at: Address,
    replicas: number,
    { signal }: CallOptions = {},
  ): Promise<void> {
    const call = {
      resource,
      ...place(resource, at),
      subresource: "scale",
      verb: "patch",
      patchType: "application/merge-patch+json",
      body: { spec: { replicas } },
    } as const;
    await this.transport.call(call, { signal });
  }

  /** A token for a service account, bound to a pod or secret where one is named. */
  async createToken<T extends AnyObject>(
    serviceAccounts: Resource<T>,
    account: Address,
    spec: TokenSpec,
    { signal }: CallOptions = {},
  ): Promise<Token> {
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", metadata: {}, spec };
    const answer = await this.createSubresource(serviceAccounts, account, "token", body, { signal });
    return (answer as { readonly status: Token }).status;
  }

  /** Any path; `path` starts with `/`. */
  raw(request: RawRequest, options: CallOptions = {}): Promise<RawResponse> {
    return this.transport.raw(request, options);
  }
}

export interface PatchOptions extends WriteOptions {
  readonly subresource?: string;
}

export interface TokenSpec {
  readonly audiences: readonly string[];
  readonly expirationSeconds?: number;
  readonly boundObjectRef?: {
    readonly kind: string;
    readonly apiVersion: string;
    readonly name: string;
    readonly uid?: string;
  };
}

export interface Token {
  readonly token: string;
  /** RFC 3339. */
  readonly expirationTimestamp: string;
}

/** The address within the kind; a namespace is dropped for cluster-scoped kinds. */
const place = <T extends AnyObject>({ namespaced }: Resource<T>, { namespace, name }: Address): Address =>
  namespaced && namespace !== undefined ? { namespace, name } : { name };

const selectors = ({ labelSelector, fieldSelector }: Selection) => ({ labelSelector, fieldSelector });

const writeQuery = ({ fieldManager, dryRun }: Omit<WriteOptions, "signal">): Query =>
  queryOf({ fieldManager, dryRun: dryRun ? "All" : undefined });

const deleteBody = ({ dryRun, ...options }: Omit<DeleteOptions, "signal">): unknown => ({
  apiVersion: "v1",
  kind: "DeleteOptions",
  ...options,
  ...(dryRun ? { dryRun: ["All"] } : {}),
});

/** Without what was not said. */
function queryOf(parts: Readonly<Record<string, string | undefined>>): Query {
  const query: Record<string, string> = {};
  for (const name of Object.keys(parts)) {
    const value = parts[name];
    if (value !== undefined && value !== "") query[name] = value;
  }
  return query;
}
