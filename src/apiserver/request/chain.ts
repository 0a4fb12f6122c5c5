import { attempt } from "#base/attempt";
import type { Clock } from "#base/clock";
import { type Random, uuid } from "#base/random";
import { noSuchResource, timeout, tooLarge, unauthorized } from "#machinery/status";
import type { AuditLog, AuditTrail } from "../audit/audit-log.ts";
import { denied } from "../authorization/denial.ts";
import type { Authenticator, Authorizer, RequestInfo, User } from "../contracts.ts";
import type { FlowControl } from "../flow-control/flow-control.ts";
import type { Ticket } from "../flow-control/ticket.ts";
import type { FeatureGates } from "../gates.ts";
import { type Exchange, type Headers, answeredStatus } from "../http/exchange.ts";
import type { Limits } from "../limits.ts";
import type { RequestMetrics } from "../metrics.ts";
import { writeAnswer } from "../negotiation/answer-writer.ts";
import { cborBody } from "../negotiation/cbor.ts";
import type { ResourceSet } from "../resource-set.ts";
import { formOf, speaksCbor } from "./answer-form.ts";
import { auditAnswer, auditBody, auditFailure, beginAudit, received } from "./auditing.ts";
import { connectOptions } from "./connect-options.ts";
import { mayConnect } from "./connect-rights.ts";
import { asStatus, replyError, shuttingDown } from "./failures.ts";
import type { ConnectHandler, PathHandler } from "./handlers.ts";
import { type Dispatcher, checkPlace, subresourceKey } from "./dispatch.ts";
import type { InFlight, InFlightRequest } from "./in-flight.ts";
import { isLongRunning } from "./long-running.ts";
import type { Body, Operation } from "./operation.ts";
import { requestInfoOf } from "./request-info.ts";
import { serveWatch } from "./serve-watch.ts";
import { warningHeaders } from "./warnings.ts";

/** Where a request goes, as far as groups and versions are concerned. */
export type AboutVersion = Pick<RequestInfo, "isResource" | "group" | "version" | "path">;

export interface ChainOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly kinds: ResourceSet;
  readonly dispatcher: Dispatcher;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** Acting as somebody else; gives the user to go on with. */
  readonly impersonate:
    | ((user: User, exchange: Exchange, authorizer: Authorizer) => User | Promise<User>)
    | undefined;
  /** Who answers instead of this server. */
  readonly delegate: (about: AboutVersion) => PathHandler | undefined;
  /** Other paths: exact ones first, then by the longest prefix that ends in `/`. */
  readonly paths: (path: string) => PathHandler | undefined;
  /** By `subresourceKey`: those that take the connection over. */
  readonly connects: ReadonlyMap<string, ConnectHandler>;
  readonly metrics: RequestMetrics;
  readonly inFlight: InFlight;
  /** Who is served when there are many. */
  readonly flow: FlowControl;
  readonly gates: FeatureGates;
  readonly audit: AuditLog | undefined;
  readonly closing: AbortSignal;
}

/** One request on its way. */
interface Visit extends InFlightRequest {
  readonly exchange: Exchange;
  readonly headers: Headers;
  readonly auditId: string;
  readonly receivedMs: number;
  readonly startMs: number;
  /** It lasts as long as its client likes. */
  readonly lasts: boolean;
  /** Once it is known who asks, where the request is put on record. */
  trail: AuditTrail | undefined;
  /** Its time was over before it was answered. */
  expired: boolean;
  /** While it waits for a seat. */
  wait: AbortController | undefined;
  /** How long it has waited for one, and for webhooks. */
  waitedMs: number;
}

/** Of what a client calls its request, so much comes back. */
const AUDIT_ID_LENGTH_MAX = 64;

/** Bytes of an answer that a client may leave in our buffers without being hurried. */
const UNSENT_BYTES_MAX = 16 * 1024;

/** The way of a request, from its headers to its answer. */
export class Chain {
  readonly #options: ChainOptions;

  constructor(options: ChainOptions) {
    this.#options = options;
  }

  get #speaksCbor(): boolean {
    return speaksCbor(this.#options.gates);
  }

  /** Always answers; throws only for what is our own fault after the answer has begun. */
  readonly handle = async (exchange: Exchange): Promise<void> => {
    // A client may say under which name its request goes on record.
    const auditId = exchange.header("audit-id") || uuid(this.#options.random);
    const headers: Headers = {
      "audit-id": auditId.slice(0, AUDIT_ID_LENGTH_MAX),
      "cache-control": "no-cache, private",
    };
    let visit: Visit | undefined;
    try {
      const info = requestInfoOf(exchange.method, exchange.path, exchange.search);
      visit = this.#begin({ exchange, headers, auditId, info });
      await this.#visit(visit);
      if (!visit.expired) this.#finished(visit, answeredStatus(exchange));
    } catch (thrown) {
      const error = asStatus(thrown, exchange);
      if (visit?.expired) return;
      // A client that has gone has broken nothing.
      auditFailure(visit?.trail, error, exchange.signal.aborted ? error : thrown);
      replyError(exchange, error, headers, this.#speaksCbor);
      if (visit) this.#finished(visit, error.code);
    } finally {
      if (visit) this.#end(visit);
    }
  };

  /** Throws when the server is about to close, or the client's wishes make no sense. */
  #begin(asked: Pick<Visit, "exchange" | "headers" | "auditId" | "info">): Visit {
    const { clock, inFlight } = this.#options;
    const startMs = clock.monotonic();
    const visit: Visit = {
      ...asked,
      startMs,
      receivedMs: clock.now(),
      lasts: isLongRunning(asked.info) || this.#changesProtocol(asked),
      trail: undefined,
      expired: false,
      wait: undefined,
      waitedMs: 0,
      cancelDeadline: undefined,
      expire: () => this.#expire(visit),
    };
    if (inFlight.draining && !HEALTH.test(asked.info.path)) throw shuttingDown(asked.exchange, asked.headers);
    if (!visit.lasts) inFlight.begin(visit, startMs);
    return visit;
  }

  /** From then on there is no answer that could come in time. Of our own kinds only long requests have that. */
  #changesProtocol({ exchange, info }: Pick<Visit, "exchange" | "info">): boolean {
    const isAsked = exchange.header("upgrade") !== undefined && exchange.raw.protocol === "upgrade";
    return isAsked && this.#options.delegate(info) !== undefined;
  }

  #end(visit: Visit): void {
    if (visit.lasts) return;
    const { inFlight } = this.#options;
    const { exchange } = visit;
    // A client that does not read a large answer is hurried until its time is over.
    if (exchange.sentBytes > UNSENT_BYTES_MAX && exchange.unsent) exchange.onSent(() => inFlight.end(visit));
    else inFlight.end(visit);
  }

  #expire(visit: Visit): void {
    const { exchange, headers, info } = visit;
    const { metrics } = this.#options;
    visit.expired = true;
    visit.wait?.abort();
    if (exchange.status !== 0) {
      metrics.aborted(this.#known(info));
      return exchange.breakOff();
    }
    const error = timeout("request did not complete within the allotted timeout", 0);
    auditFailure(visit.trail, error);
    replyError(exchange, error, headers, this.#speaksCbor);
    metrics.terminated(this.#known(info), error.code);
    this.#finished(visit, error.code);
  }

  #finished({ info, startMs, exchange, waitedMs }: Visit, code: number): void {
    const { metrics, clock } = this.#options;
    metrics.finished(this.#known(info), code, clock.monotonic() - startMs, exchange.sentBytes, waitedMs);
  }

  /** Names of kinds that do not exist are the client's, and no label of ours. */
  #known(info: RequestInfo): RequestInfo {
    if (!info.isResource || this.#options.kinds.find(info.group, info.version, info.resource)) return info;
    return { ...info, isResource: false, group: "", version: "", resource: "", subresource: "" };
  }

  async #visit(visit: Visit): Promise<void> {
    const { info, exchange, lasts } = visit;
    const { flow, clock } = this.#options;
    const user = await this.#identify(visit);
    const storing = visit.trail?.stored();
    if (storing) await received(storing, this.#options.audit);
    // Connections are not limited: they cost little once they stand.
    if (lasts && info.verb !== "watch") return this.#authorized(visit, user);
    const askedMs = clock.monotonic();
    const entered = flow.enter(user, info, askedMs, () => {
      visit.wait = new AbortController();
      return AbortSignal.any([exchange.signal, visit.wait.signal]);
    });
    const ticket = entered instanceof Promise ? await entered : entered;
    if (entered instanceof Promise) visit.waitedMs += clock.monotonic() - askedMs;
    nameLimits(visit.headers, ticket);
    if (ticket.refused) return this.#refuse(visit, ticket);
    try {
      await this.#authorized(visit, user);
    } finally {
      flow.leave(ticket);
    }
  }

  #refuse({ exchange, headers, trail, info, expired }: Visit, { flow }: Ticket): void {
    if (expired) return;
    this.#options.metrics.terminated(this.#known(info), 429);
    trail?.complete({ code: 429 });
    const answer = {
      ...headers,
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
      "retry-after": String(flow.level.dropped.retryAfterSeconds),
    };
    exchange.reply(429, answer, Buffer.from("Too many requests, please try again later.\n"));
  }

  async #identify(visit: Visit): Promise<User> {
    const { authorizer, impersonate } = this.#options;
    const { exchange, info } = visit;
    const authenticated = await this.#authenticate(visit, info);
    let user = authenticated;
    try {
      const becomes = impersonate?.(authenticated, exchange, authorizer) ?? authenticated;
      user = becomes instanceof Promise ? await becomes : becomes;
    } finally {
      // Who tried to be somebody else is on record, too.
      this.#beginAudit(visit, info, authenticated, user === authenticated ? undefined : user);
    }
    return user;
  }

  async #authorized(visit: Visit, user: User): Promise<void> {
    const { info, trail } = visit;
    const decided = this.#options.authorizer.authorize(user, info);
    const decision = decided instanceof Promise ? await decided : decided;
    const { verdict, reason } = decision;
    trail?.annotate("authorization.k8s.io/decision", verdict === "allow" ? "allow" : "forbid");
    trail?.annotate("authorization.k8s.io/reason", reason);
    if (verdict !== "allow") throw denied(user, info, decision);
    await this.#serve(visit, info, user);
  }

  async #authenticate(visit: Visit, info: RequestInfo): Promise<User> {
    try {
      const found = this.#options.authenticator.authenticate(visit.exchange.credentials);
      const user = found instanceof Promise ? await found : found;
      if (!user) throw unauthorized();
      return user;
    } catch (error) {
      this.#beginAudit(visit, info, undefined, undefined);
      throw error;
    }
  }

  #beginAudit(visit: Visit, info: RequestInfo, user: User | undefined, impersonated: User | undefined): void {
    const { audit } = this.#options;
    if (!audit) return;
    visit.trail = beginAudit(audit, {
      ...visit,
      info,
      user,
      ...(impersonated ? { impersonated } : {}),
    });
  }

  #serve(visit: Visit, info: RequestInfo, user: User): Promise<void> {
    const { delegate, paths } = this.#options;
    const delegated = delegate(info);
    if (delegated) return this.#servePath(visit, info, user, delegated);
    if (info.isResource) return this.#serveResource(visit, info, user);
    return this.#servePath(visit, info, user, paths(visit.exchange.path));
  }

  async #servePath(
    { exchange, headers, trail }: Visit,
    info: RequestInfo,
    user: User,
    handler: PathHandler | undefined,
  ): Promise<void> {
    if (!handler) throw noSuchResource();
    await handler({ exchange, info, user, headers });
    trail?.complete({ code: exchange.status });
  }

  /** Where the client takes the connection over, the request lasts as long as that. */
  async #connected({ exchange, info, trail }: Visit, connect: () => Promise<void>): Promise<void> {
    const closed = this.#options.metrics.opened(info);
    try {
      await connect();
    } catch (error) {
      closed();
      throw error;
    }
    const code = answeredStatus(exchange);
    trail?.started(code);
    const end = () => {
      closed();
      trail?.complete({ code });
    };
    if (exchange.raw.protocol === "upgrade" && exchange.unsent) exchange.onSent(end);
    else end();
  }

  async #serveResource(visit: Visit, info: RequestInfo, user: User): Promise<void> {
    const { exchange, headers, trail } = visit;
    const { kinds, connects, dispatcher, clock, limits, metrics, closing } = this.#options;
    const kind = kinds.find(info.group, info.version, info.resource);
    if (!kind) throw noSuchResource();
    checkPlace({ info, kind });
    const connect = connects.get(subresourceKey(info.group, info.resource, info.subresource));
    if (connect) {
      await mayConnect(info, user, trail, this.#options);
      const options = connectOptions(info, kind.resource);
      if (options) await dispatcher.connect(connecting({ info, user, kind }, exchange, trail), options);
      return this.#connected(visit, () => connect({ info, user, exchange, kind }));
    }
    const form = formOf(exchange, info, kind, this.#options.gates);
    const warnings: string[] = [];
    const op: Operation = {
      info,
      user,
      kind,
      body: hasNoBody(exchange) ? NO_BODY : await this.#body(exchange),
      userAgent: exchange.header("user-agent") ?? "",
      warn: (text) => void (warnings.includes(text) || warnings.push(text)),
      annotate: (key, value, level) => trail?.annotate(key, value, level),
      waited: (ms) => void (visit.waitedMs += ms),
      signal: undefined,
    };
    auditBody(trail, op.body, kind);
    if (kind.warning !== undefined) trail?.annotate("k8s.io/deprecated", "true");
    const answered = dispatcher.run(op);
    const answer = answered instanceof Promise ? await answered : answered;
    auditAnswer(trail, answer);
    const storing = trail?.stored();
    if (storing) await attempt(() => storing);
    const all = warnings.length === 0 ? headers : { ...headers, warning: warningHeaders(warnings) };
    if (answer.type !== "watch") return writeAnswer(exchange, answer, form, all, clock);
    await serveWatch(exchange, answer, form, all, {
      clock,
      limits,
      metrics,
      over: this.#opened(info, trail),
      closing,
    });
  }

  /** Counts a watch; the answer is called when it is over. */
  #opened(info: RequestInfo, trail: AuditTrail | undefined): () => void {
    const { metrics, flow } = this.#options;
    const ends = [metrics.opened(info), flow.watches.opened(info)];
    return () => {
      for (const end of ends) end();
      trail?.complete({ code: 200 });
    };
  }

  async #body(exchange: Exchange): Promise<Body> {
    const { bodyBytesMax, bodyMs } = this.#options.limits;
    const declared = Number(exchange.header("content-length") ?? 0);
    if (declared > bodyBytesMax) throw tooLarge(`limit is ${bodyBytesMax}`);
    const bytes = await exchange.readBody(bodyBytesMax, bodyMs);
    if (bytes.length === 0 && exchange.method === "DELETE") return NO_BODY;
    const contentType = exchange.header("content-type") ?? "";
    return (this.#speaksCbor && cborBody(bytes, contentType)) || { type: "bytes", bytes, contentType };
  }
}

/** A request that becomes a connection, for those who may refuse it. There is no place for their warnings. */
const connecting = (
  what: Pick<Operation, "info" | "user" | "kind">,
  exchange: Exchange,
  trail: AuditTrail | undefined,
): Operation => ({
  ...what,
  body: NO_BODY,
  userAgent: exchange.header("user-agent") ?? "",
  warn: () => undefined,
  annotate: (key, value, level) => trail?.annotate(key, value, level),
  signal: exchange.signal,
});

/** Says which rules of flow control the request was under. */
function nameLimits(headers: Headers, { flow }: Ticket): void {
  const schema = flow.schema.metadata.uid;
  const level = flow.level.configuration.metadata.uid;
  if (schema !== "") headers["x-kubernetes-pf-flowschema-uid"] = schema;
  if (level !== "") headers["x-kubernetes-pf-prioritylevel-uid"] = level;
}

/** Whoever watches a server that closes is still told how it is. */
const HEALTH = /^\/(?:livez|readyz|healthz)(?:\/|$)/;

const NO_BODY: Body = { type: "none" };

const hasNoBody = ({ method }: Exchange): boolean => method === "GET" || method === "HEAD";
