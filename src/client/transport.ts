import type { AnyObject, Resource } from "#machinery/schema";

/**
 * The way to an API server: HTTPS between processes, a function call inside one. Authorization holds on both.
 * Every failure is a StatusError, or an error of the connection.
 */
export interface Transport {
  /** Objects handed out are the server's own: full objects cost no more than their metadata. */
  readonly sharesObjects?: boolean;

  /** One request, one object (or Status) back. Objects are shared and never changed in place. */
  call<T extends AnyObject>(call: Call<T>, options?: CallOptions): Promise<unknown>;

  /** A list, consistent unless `resourceVersion` says otherwise. */
  list<T extends AnyObject>(scope: ListScope<T>, options?: CallOptions): Promise<ListPage<T>>;

  /** Events from `resourceVersion` on. Ends when the server ends it; throws Expired when the start is too old. */
  watch<T extends AnyObject>(
    watch: Watch<T>,
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<WatchEvent<T>>;

  /** Any path, for what is not about objects: discovery, logs, health. `path` starts with `/`. */
  raw(request: RawRequest, options?: CallOptions): Promise<RawResponse>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** One object's address. `namespace` is absent for cluster-scoped kinds. */
export interface Target<T extends AnyObject> {
  readonly resource: Resource<T>;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

export type Query = Readonly<Record<string, string>>;

export type Call<T extends AnyObject> = Target<T> & { readonly query?: Query } & (
    | { readonly verb: "get" }
    | { readonly verb: "create" | "update"; readonly body: unknown }
    | { readonly verb: "patch"; readonly patchType: PatchType; readonly body: unknown }
    /** `body`: DeleteOptions. */
    | { readonly verb: "delete" | "deletecollection"; readonly body?: unknown }
  );

export type PatchType =
  | "application/json-patch+json"
  | "application/merge-patch+json"
  | "application/strategic-merge-patch+json"
  | "application/apply-patch+yaml";

export interface ListScope<T extends AnyObject> {
  readonly resource: Resource<T>;
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** `labelSelector`, `fieldSelector`, `limit`, `continue`, `resourceVersion`, `resourceVersionMatch`. */
  readonly query?: Query;
  /** Only `metadata` is needed: a transport that encodes may ask the server for PartialObjectMetadata. */
  readonly metadataOnly?: boolean;
}

export interface ListPage<T> {
  readonly resourceVersion: string;
  /** Empty when this is the last page. */
  readonly continue: string;
  readonly items: readonly T[];
}

export interface Watch<T extends AnyObject> extends ListScope<T> {
  readonly resourceVersion: string;
  /** Start with what is there (WatchList); the BOOKMARK with `initialEventsEnd` says it is complete. */
  readonly initialEvents?: boolean;
}

/**
 * Stands for one state of an object that the server has beside us: who holds this need not hold the object, which is
 * shared by all who have it open at the same time.
 */
export interface Reference<T = unknown> {
  /** Ends with `/namespace/name`, or `/name` for cluster-scoped kinds. */
  readonly key: string;
  readonly revision: number;
  /** The object, for those who will soon want it again. */
  open(): T;
  /** The object, for those who look at it once. */
  glance(): T;
}

export type WatchEvent<T> =
  | {
      readonly type: "ADDED" | "MODIFIED" | "DELETED";
      readonly object: T;
      /** From a transport that shares objects. Who takes it needs no `object`. */
      readonly reference?: Reference<T>;
    }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
}
