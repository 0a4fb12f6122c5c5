import { attempt } from "#base/attempt";
import type {
  Call,
  CallOptions,
  ListPage,
  ListScope,
  RawRequest,
  RawResponse,
  Transport,
  Watch,
  WatchEvent,
} from "#client/transport";
import { rawCalls } from "#client/raw-calls";
import type { Clock } from "#base/clock";
import { type Random, uuid } from "#base/random";
import type { AnyObject, Resource } from "#machinery/schema";
import { StatusError, internalError, noSuchResource } from "#machinery/status";
import { selectedName } from "../request/request-info.ts";
import type { AuditLog, AuditTrail } from "../audit/audit-log.ts";
import { denied } from "../authorization/denial.ts";
import type { Annotate, Authorizer, RequestInfo, User } from "../contracts.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Dispatcher } from "../request/dispatch.ts";
import { auditAnswer, auditBody, auditFailure, received } from "../request/auditing.ts";
import type { Answer, Body } from "../request/operation.ts";
import type { ResourceSet, ServedKind } from "../resource-set.ts";
import type { Item } from "../storage/item.ts";
import { type EventOf, EventQueue } from "./event-queue.ts";
import { rawExchange } from "./raw-exchange.ts";
import { SharedEvent } from "./shared-event.ts";

export interface InProcessOptions {
  readonly user: User;
  readonly kinds: ResourceSet;
  readonly dispatcher: Dispatcher;
  readonly authorizer: Authorizer;
  /** Whether another server answers for this group and version. */
  readonly isElsewhere: (group: string, version: string) => boolean;
  /** Serves a raw request as this user. */
  readonly handle: (exchange: Exchange, user: User) => Promise<void>;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly audit: AuditLog | undefined;
}

/**
 * The server as a function call: the same authorization, admission and verbs as over the wire, and objects that are
 * shared instead of encoded.
 */
export class InProcessTransport implements Transport {
  readonly sharesObjects = true;
  readonly #options: InProcessOptions;
  /** For kinds that another server answers for. */
  readonly #elsewhere = rawCalls((request, options) => this.raw(request, options));

  constructor(options: InProcessOptions) {
    this.#options = options;
  }

  async call<T extends AnyObject>(call: Call<T>, { signal }: CallOptions = {}): Promise<unknown> {
    if (this.#isElsewhere(call.resource)) return this.#elsewhere.call(call, signal ? { signal } : {});
    const { verb, name = "", namespace = "", subresource = "", query } = call;
    const body: Body =
      !("body" in call) || call.body === undefined
        ? { type: "none" }
        : {
            type: "value",
            value: call.body,
            contentType: verb === "patch" ? call.patchType : "application/json",
          };
    const about = { verb, name, namespace, subresource, query };
    const answer = await this.#run(call.resource as unknown as Resource, about, body, signal);
    return valueOf(answer);
  }

  async list<T extends AnyObject>(scope: ListScope<T>, options: CallOptions = {}): Promise<ListPage<T>> {
    const { resource, namespace = "", query } = scope;
    const { signal } = options;
    if (this.#isElsewhere(resource)) return this.#elsewhere.list(scope, options);
    const about = { verb: "list", namespace, query };
    const answer = await this.#run(resource as unknown as Resource, about, { type: "none" }, signal);
    if (answer.type !== "list") throw internalError("a list was not answered with one");
    const { meta, items, kind } = answer;
    return {
      resourceVersion: meta.resourceVersion,
      continue: meta.continue ?? "",
      items: items.map((item) => readBy<T>(kind, item)),
    };
  }

  async *watch<T extends AnyObject>(
    watch: Watch<T>,
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<WatchEvent<T>> {
    const { resource, namespace = "", query, resourceVersion, initialEvents } = watch;
    const { signal } = options;
    if (this.#isElsewhere(resource)) return yield* this.#elsewhere.watch(watch, options);
    const asked = {
      ...query,
      allowWatchBookmarks: "true",
      ...(resourceVersion === "" ? {} : { resourceVersion }),
      ...(initialEvents ? { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" } : {}),
    };
    const { answer, trail } = await this.#audited(
      resource as unknown as Resource,
      { verb: "watch", namespace, query: asked },
      { type: "none" },
      signal,
    );
    if (answer.type !== "watch") throw internalError("a watch was not answered with one");
    const { kind, watch: subscription } = answer;
    const { clock } = this.#options;
    const queue = new EventQueue<T>(subscription, eventsOf<T>(kind));
    try {
      yield* queue.events(signal, clock, query?.timeoutSeconds !== undefined);
    } finally {
      trail?.complete({ code: 200 });
    }
  }

  raw(request: RawRequest, { signal }: CallOptions = {}): Promise<RawResponse> {
    const { handle, user } = this.#options;
    return rawExchange(request, signal, (exchange) => handle(exchange, user));
  }

  #isElsewhere<T extends AnyObject>({ group, version }: Resource<T>): boolean {
    return this.#options.isElsewhere(group, version);
  }

  async #run(resource: Resource, about: About, body: Body, signal: AbortSignal | undefined): Promise<Answer> {
    const { answer } = await this.#audited(resource, about, body, signal);
    return answer;
  }

  async #audited(
    resource: Resource,
    about: About,
    body: Body,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly answer: Answer; readonly trail: AuditTrail | undefined }> {
    signal?.throwIfAborted();
    const { kinds, user, authorizer, dispatcher, userAgent, audit } = this.#options;
    const kind = kinds.of(resource);
    if (!kind) throw noSuchResource();
    const info = infoOf(kind, about);
    const trail = this.#beginAudit(info);
    const storing = trail?.stored();
    if (storing) await received(storing, audit);
    try {
      const decided = authorizer.authorize(user, info);
      const decision = decided instanceof Promise ? await decided : decided;
      const { verdict, reason } = decision;
      trail?.annotate("authorization.k8s.io/decision", verdict === "allow" ? "allow" : "forbid");
      trail?.annotate("authorization.k8s.io/reason", reason);
      if (verdict !== "allow") throw denied(user, info, decision);
      auditBody(trail, body, kind);
      const annotate: Annotate = (key, value, level) => trail?.annotate(key, value, level);
      const answer = await dispatcher.run({
        info,
        user,
        kind,
        body,
        userAgent,
        warn: nothing,
        annotate,
        signal,
      });
      auditAnswer(trail, answer);
      const stored = trail?.stored();
      if (stored) await attempt(() => stored);
      return { answer, trail };
    } catch (error) {
      const status = error instanceof StatusError ? error : internalError(error);
      // Who calls a request off has not broken it.
      auditFailure(trail, status, signal?.aborted ? status : error);
      throw error;
    }
  }

  #beginAudit(info: RequestInfo): AuditTrail | undefined {
    const { audit, user, userAgent, clock, random } = this.#options;
    if (!audit) return undefined;
    const search = info.query.toString();
    return audit.begin({
      auditId: uuid(random),
      uri: search === "" ? info.path : `${info.path}?${search}`,
      info,
      user,
      sourceAddresses: [],
      userAgent,
      receivedMs: clock.now(),
    });
  }
}

const nothing = () => undefined;

interface About {
  readonly verb: string;
  readonly namespace: string;
  readonly name?: string;
  readonly subresource?: string;
  readonly query: Readonly<Record<string, string>> | undefined;
}

function infoOf(
  { resource }: ServedKind,
  { verb, namespace, name = "", subresource = "", query }: About,
): RequestInfo {
  const { group, version, plural } = resource;
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const within = namespace === "" ? "" : `/namespaces/${namespace}`;
  const tail = `${name === "" ? "" : `/${name}`}${subresource === "" ? "" : `/${subresource}`}`;
  const asked = query === undefined ? NO_QUERY : new URLSearchParams(query);
  return {
    isResource: true,
    path: `${root}${within}/${plural}${tail}`,
    verb,
    group,
    version,
    resource: plural,
    subresource,
    namespace: plural === "namespaces" && group === "" ? name : namespace,
    name: name || selectedName(verb, asked),
    query: asked,
  };
}

const NO_QUERY = new URLSearchParams();

/** What lists and watches give: those who hold many objects hold them without managed fields. */
const readBy = <T extends AnyObject>({ view }: ServedKind, item: Item): T =>
  (view.asStored ? item.open() : view.object(item)) as T;

const eventsOf = <T extends AnyObject>({ view }: ServedKind): EventOf<T> =>
  view.asStored
    ? (type, item) => new SharedEvent<T>(type, item)
    : (type, item) => ({ type, object: view.object(item) as T });

function valueOf(answer: Answer): unknown {
  switch (answer.type) {
    case "item":
      return answer.kind.view.object(answer.item);
    case "object":
      return answer.object;
    case "list": {
      const { kind, meta, items } = answer;
      const { listKind, apiVersion } = kind.resource;
      return {
        kind: listKind,
        apiVersion,
        metadata: meta,
        items: items.map((item) => kind.view.object(item)),
      };
    }
    case "watch":
      throw internalError("a watch is no call");
  }
}
