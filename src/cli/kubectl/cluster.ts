/** One API server, as the commands here see it: objects of any kind, by path. */
import { errorOf } from "#client/answers";
import { resolveContext } from "#client/kubeconfig";
import { lines } from "#client/lines";
import { type Connection, connectionOf } from "#client/node/kubeconfig-transport";
import { HttpsTransport } from "#client/node/https-transport";
import type { Query } from "#client/transport";
import { parseJson, stringifyJson } from "#machinery/json";
import { type Status, StatusError } from "#machinery/status";
import type { Io } from "../io.ts";
import type { Arguments, Options } from "../verb.ts";
import { type ApiKind, Kinds, NoSuchKind } from "./kinds.ts";
import { readKubeconfigs } from "./kubeconfig-files.ts";
import type { AnyObject } from "./objects.ts";

export const connectionOptions = {
  namespace: { type: "string", short: "n", value: "NAME", help: "namespace, by default the context's" },
  kubeconfig: { type: "string", value: "FILE", help: "the kubeconfig to use" },
  context: { type: "string", value: "NAME", help: "the context in it, by default its current one" },
} as const satisfies Options;

export interface Sent {
  readonly query?: Query;
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

const USER_AGENT = "k8ts-kubectl";

export class Cluster {
  /** Namespace for what names none. */
  readonly namespace: string;
  /** Was the namespace said on the command line? */
  readonly namespaceGiven: boolean;
  /** For connections that are no requests: commands and ports. */
  readonly connection: Connection;
  readonly #transport: HttpsTransport;
  readonly #io: Io;
  #kinds: Promise<Kinds> | undefined;

  constructor(
    connection: Connection,
    { namespace, given, io }: { readonly namespace: string; readonly given: boolean; readonly io: Io },
  ) {
    this.connection = connection;
    this.namespace = namespace;
    this.namespaceGiven = given;
    this.#io = io;
    const { clock, random } = io;
    this.#transport = new HttpsTransport({ ...connection, clock, random, userAgent: USER_AGENT });
  }

  /** The kinds that the server serves, asked once. */
  kinds(): Promise<Kinds> {
    this.#kinds ??= Kinds.discover(this);
    return this.#kinds;
  }

  /** The one kind that a user means. */
  async kind(word: string): Promise<ApiKind> {
    return (await this.kinds()).find(word);
  }

  /** The kind of an object in a file. A definition that came just before it may be what brings the kind. */
  async kindOf(object: AnyObject, source: string): Promise<ApiKind> {
    try {
      return (await this.kinds()).ofObject(object);
    } catch {
      this.#kinds = undefined;
    }
    const kinds = await this.kinds();
    try {
      return kinds.ofObject(object);
    } catch (cause) {
      const { name = "", namespace = "" } = object.metadata;
      const what = `name: ${JSON.stringify(name)} namespace: ${JSON.stringify(namespace)} from ${JSON.stringify(source)}`;
      throw new NoSuchKind(`resource mapping not found for ${what}: ${(cause as Error).message}`);
    }
  }

  /** An answer that is JSON. Failures are StatusErrors. */
  async request(method: string, path: string, sent: Sent = {}): Promise<unknown> {
    const body = await this.text(method, path, sent);
    return body === "" ? undefined : parseJson(body);
  }

  async text(method: string, path: string, sent: Sent = {}): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await this.stream(method, path, sent)) chunks.push(chunk);
    return Buffer.concat(chunks).toString("utf8");
  }

  /** The body of an answer as it comes. */
  async stream(method: string, path: string, sent: Sent = {}): Promise<AsyncIterable<Uint8Array>> {
    const { query, accept = "application/json", contentType = "application/json", body } = sent;
    const signal = sent.signal ? AbortSignal.any([sent.signal, this.#io.signal]) : this.#io.signal;
    const request = {
      method,
      path,
      ...(query ? { query } : {}),
      headers: { Accept: accept, ...(body === undefined ? {} : { "Content-Type": contentType }) },
      ...(body === undefined ? {} : { body: Buffer.from(stringifyJson(body)) }),
    };
    const answer = await this.#transport.raw(request, { signal });
    this.#warn(answer.headers.warning);
    if (answer.status < 400) return untilAborted(answer.body, signal);
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer.body) chunks.push(chunk);
    throw errorOf(answer.status, Buffer.concat(chunks).toString("utf8"));
  }

  /** Events from a resource version on, until the server ends the watch. */
  async *watch(path: string, sent: Sent): AsyncGenerator<WatchEvent> {
    const query = { ...sent.query, watch: "true" };
    for await (const line of lines(await this.stream("GET", path, { ...sent, query }))) {
      if (line === "") continue;
      const event = parseJson(line) as WatchEvent;
      if (event.type === "ERROR") throw new StatusError(event.object as unknown as Status);
      yield event;
    }
  }

  async get(kind: ApiKind, name: string, namespace?: string): Promise<AnyObject> {
    return (await this.request("GET", kind.path(this.#namespaceFor(kind, namespace), name))) as AnyObject;
  }

  /** Undefined when there is none. */
  async find(kind: ApiKind, name: string, namespace?: string): Promise<AnyObject | undefined> {
    try {
      return await this.get(kind, name, namespace);
    } catch (error) {
      if (error instanceof StatusError && error.code === 404) return undefined;
      throw error;
    }
  }

  /** Everything that matches, page by page. `namespace` undefined: all namespaces. */
  async list(kind: ApiKind, namespace: string | undefined, query: Query = {}): Promise<readonly AnyObject[]> {
    const items: AnyObject[] = [];
    let next = "";
    do {
      const page = (await this.request("GET", kind.path(namespace), {
        query: { ...query, limit: String(PAGE_ITEMS), ...(next === "" ? {} : { continue: next }) },
      })) as ListAnswer;
      const whole = (item: AnyObject) =>
        item.kind === undefined ? { ...item, apiVersion: kind.apiVersion, kind: kind.kind } : item;
      for (const item of page.items ?? []) items.push(whole(item));
      next = page.metadata?.continue ?? "";
    } while (next !== "");
    return items;
  }

  close(): void {
    this.#transport.close();
  }

  #namespaceFor({ namespaced }: ApiKind, namespace: string | undefined): string | undefined {
    return namespaced ? (namespace ?? this.namespace) : undefined;
  }

  /** `299 - "text"`, several of them separated by commas; the bytes are UTF-8, one character each. */
  #warn(header: string | undefined): void {
    const texts = Buffer.from(header ?? "", "latin1").toString("utf8");
    for (const [, text] of texts.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g))
      this.#io.tell(`Warning: ${text!.replaceAll(/\\(.)/g, "$1")}\n`);
  }
}

const PAGE_ITEMS = 500;

/** A connection that is cut because of the signal ends with the signal's reason. */
async function* untilAborted(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}

interface ListAnswer {
  readonly metadata?: { readonly continue?: string };
  readonly items?: readonly AnyObject[] | null;
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: AnyObject;
}

/** The cluster that the options and the environment choose. */
export function connect(args: Arguments, io: Io): Cluster {
  const config = readKubeconfigs(args.text("kubeconfig"), io.env.KUBECONFIG);
  const context = resolveContext(config, args.text("context"));
  const given = args.text("namespace");
  return new Cluster(connectionOf(context), {
    namespace: given ?? context.namespace,
    given: given !== undefined,
    io,
  });
}
