/** What the rooms of the API server agree on: who asks, for what, and who may have a say. */
import type { AnyObject, Resource } from "#machinery/schema";
import type { Transport } from "#client/transport";

export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What a request is about, from its method and path. */
export interface RequestInfo {
  /** `/api` and `/apis` paths below group and version. */
  readonly isResource: boolean;
  readonly path: string;
  /** get, list, watch, create, update, patch, delete, deletecollection, proxy; for other paths the HTTP method in lower case. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly query: URLSearchParams;
}

/** All headers of a request, with their names in lower case. */
export interface HeaderSet {
  headerNames(): Iterable<string>;
  /** Each value for itself, where a header came several times. */
  headerValues(name: string): readonly string[];
}

/** The parts of an HTTP request that authentication looks at. */
export interface Credentials {
  /** Of the request, without the query: some paths may be asked for by anybody. */
  readonly path?: string;
  readonly header: (name: string) => string | undefined;
  /** Of what came over the wire. */
  readonly all?: HeaderSet;
  /** The DER bytes of a client certificate that the TLS layer has verified against the cluster CA. */
  readonly clientCertificate: Uint8Array | undefined;
  readonly remoteAddress: string;
}

/** `undefined`: no credentials of this kind. A StatusError Unauthorized: credentials that are wrong. */
export interface Authenticator {
  /** At once, where nobody else has to be asked. */
  authenticate(credentials: Credentials): User | undefined | Promise<User | undefined>;
}

export interface Decision {
  readonly verdict: "allow" | "deny" | "no-opinion";
  readonly reason: string;
  /** Why somebody who should have been asked has not decided. */
  readonly error?: string;
}

export interface Authorizer {
  /** Answers at once where everything needed is cached, so that the hot path stays synchronous. */
  authorize(user: User, request: RequestInfo): Decision | Promise<Decision>;
}

export type Operation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

export type Annotate = (key: string, value: string, level?: "Request") => void;

/** One write on its way through admission. */
export interface Admission {
  readonly operation: Operation;
  readonly resource: Resource;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Undefined for DELETE; for subresources such as binding, eviction, token and exec their own body or options. */
  readonly object: AnyObject | undefined;
  readonly old: AnyObject | undefined;
  /** CreateOptions, UpdateOptions, DeleteOptions … as sent. */
  readonly options: unknown;
  readonly dryRun: boolean;
  readonly user: User;
  /** Text for a `Warning` header. */
  readonly warn: (text: string) => void;
  /** A note for the record of the request; with a level, only for records of at least that. The first of a key stays. */
  readonly annotate: Annotate;
  /** While objects are changed; undefined when they are only checked. */
  readonly rounds?: AdmissionRounds;
}

/** What changes an object behind others may give all plugins a second look at it. There is no third. */
export interface AdmissionRounds {
  /** 0 at first. */
  readonly round: number;
  askAgain(): void;
  /** What plugins remember from one round to the next, by their names. */
  readonly notes: Map<string, unknown>;
}

/** Plugins run in order: all `admit`, then validation of the object, then all `validate`. They throw a StatusError to refuse. */
export interface AdmissionPlugin {
  readonly name: string;
  /** It asks others, whose time is not this server's. */
  readonly asksOthers?: boolean;
  handles(admission: Admission): boolean;
  /** The object to go on with. */
  admit?(admission: Admission): AnyObject | undefined | Promise<AnyObject | undefined>;
  validate?(admission: Admission): void | Promise<void>;
}

/** How the inner rooms read the server's own state: its watch caches, without a request. Objects are shared. */
export interface ReadCache {
  get<T extends AnyObject>(resource: Resource<T>, namespace: string | undefined, name: string): T | undefined;
  /** Undefined namespace: all. */
  list<T extends AnyObject>(resource: Resource<T>, namespace?: string): Iterable<T>;
  /** Those whose indexed field has this value: of pods the name of their node. */
  listIndexed<T extends AnyObject>(resource: Resource<T>, value: string): Iterable<T>;
  /** Called after every change of the kind; the answer ends it. */
  onChange<T extends AnyObject>(
    resource: Resource<T>,
    listener: (change: { readonly before: T | undefined; readonly after: T | undefined }) => void,
  ): () => void;
}

/** The server as its own client, with all rights (group `system:masters`). */
export type Loopback = Transport;
