import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { APIService, APIServiceSpec } from "#api/apiregistration-v1/apiservice";
import type { Random } from "#base/random";
import { serviceUnavailable } from "#machinery/status";
import type { ReadCache } from "../contracts.ts";
import { answered } from "../http/outgoing-request.ts";
import { CONNECT_MS_MAX, endUnlessConnected } from "../streaming/connect-timeout.ts";
import { type Address, type Backend, backendOf } from "./backend.ts";
import type { FrontProxyIdentity, OutgoingHeaders } from "./front-proxy.ts";
import type { ResourceRows } from "./remote-rows.ts";

export interface RemoteOptions {
  readonly cache: ReadCache;
  readonly random: Random;
  readonly identity: () => FrontProxyIdentity | undefined;
}

export interface RemoteRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: OutgoingHeaders;
  readonly signal?: AbortSignal;
  /** Over a connection of its own. */
  readonly isFresh?: boolean;
}

const PORT = 443;
/** Connections that are kept for the next request. */
const IDLE_CONNECTIONS_MAX = 8;

/** Methods that may be tried again. */
const SAFE = new Set(["GET", "HEAD"]);

/** What of an API service says where requests go; its place in discovery is another matter. */
export type RemoteSpec = Omit<APIServiceSpec, "groupPriorityMinimum" | "versionPriority">;

export function remoteSpec(spec: APIServiceSpec): RemoteSpec {
  const { groupPriorityMinimum: _group, versionPriority: _version, ...rest } = spec;
  return rest;
}

/** One group and version that another server answers for. */
export class Remote {
  /** Of the API service: `v1alpha1.wardle.example.com`. */
  readonly name: string;
  readonly uid: string;
  readonly spec: RemoteSpec;
  readonly place: { readonly namespace: string; readonly name: string; readonly port: number };
  /** Whether requests go there. */
  available = false;
  /** Its kinds, as it listed them last; undefined until it has. */
  rows: ResourceRows | undefined;
  /** Whether `rows` is what it says now. */
  fresh = false;
  #backend: Backend | undefined;
  readonly #options: RemoteOptions;
  readonly #ca: string | undefined;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: IDLE_CONNECTIONS_MAX });

  constructor({ metadata, spec }: APIService, options: RemoteOptions) {
    const { namespace = "", name = "", port = PORT } = spec.service!;
    this.name = metadata.name;
    this.uid = metadata.uid;
    this.spec = remoteSpec(spec);
    this.place = { namespace, name, port };
    this.#options = options;
    this.#ca = spec.caBundle ? Buffer.from(spec.caBundle, "base64").toString("utf8") : undefined;
  }

  close(): void {
    this.#agent.destroy();
  }

  get group(): string {
    return this.spec.group ?? "";
  }

  get version(): string {
    return this.spec.version ?? "";
  }

  /** Known until its service or endpoints change. */
  get backend(): Backend {
    this.#backend ??= backendOf(this.#options.cache, this.place);
    return this.#backend;
  }

  /** The service or its endpoints have changed. */
  forgetBackend(): void {
    this.#backend = undefined;
  }

  /**
   * The head of the answer to a request without a body: once more over a new connection, where one that had been kept
   * was closed by the other side just before it was used.
   */
  async ask(request: RemoteRequest, address?: Address): Promise<IncomingMessage> {
    const first = this.request(request, address);
    try {
      return await answered(first.end());
    } catch (error) {
      const isStale = first.reusedSocket && (error as NodeJS.ErrnoException).code === "ECONNRESET";
      if (!isStale || !SAFE.has(request.method)) throw error;
      return answered(this.request({ ...request, isFresh: true }, address).end());
    }
  }

  /** A request that has been begun, to any of the endpoints or to this one. Throws ServiceUnavailable. */
  request(
    { method, path, headers, signal, isFresh }: RemoteRequest,
    address: Address = this.#any(),
  ): ClientRequest {
    const { name, namespace, port } = this.place;
    const serviceHost = `${name}.${namespace}.svc`;
    const own = this.#options.identity();
    const { insecureSkipTLSVerify } = this.spec;
    const started = httpsRequest({
      agent: isFresh ? false : this.#agent,
      ...address,
      method,
      path,
      headers: { ...headers, host: port === PORT ? serviceHost : `${serviceHost}:${port}` },
      // The name that its certificate must have, whichever endpoint answers.
      servername: serviceHost,
      timeout: CONNECT_MS_MAX,
      ...(signal ? { signal } : {}),
      ...(this.#ca === undefined ? {} : { ca: this.#ca }),
      ...(insecureSkipTLSVerify ? { rejectUnauthorized: false } : {}),
      ...(own ? { cert: own.certificate, key: own.key } : {}),
    });
    return endUnlessConnected(started);
  }

  #any(): Address {
    const { backend } = this;
    if (backend.type === "missing") throw serviceUnavailable(backend.message);
    return backend.addresses[this.#options.random.below(backend.addresses.length)]!;
  }
}
