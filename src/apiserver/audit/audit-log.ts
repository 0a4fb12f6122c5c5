/** Puts requests on record, as `audit.k8s.io/v1` Events. */
import type { Clock } from "#base/clock";
import type { AnyObject } from "#machinery/schema";
import type { Status } from "#machinery/status";
import { formatMicroTime } from "#machinery/time";
import type { RequestInfo, User } from "../contracts.ts";
import { userInfo } from "../authentication/reviews.ts";
import { AuditEvent, type EventFields } from "./audit-event.ts";
import type { Registry } from "prom-client";
import { AuditMetrics } from "./audit-metrics.ts";
import {
  type AuditDecision,
  type AuditLevel,
  type AuditPolicy,
  type AuditStage,
  auditDecision,
} from "./policy.ts";

export interface AuditedRequest {
  readonly auditId: string;
  /** Path and query, as sent. */
  readonly uri: string;
  readonly info: RequestInfo;
  /** Undefined: authentication has failed. */
  readonly user: User | undefined;
  /** How somebody has tried to be known who is not. */
  readonly refusal?: string;
  /** Whom the user acts as. */
  readonly impersonated?: User;
  readonly sourceAddresses: readonly string[];
  readonly userAgent: string;
  /** Epoch milliseconds. */
  readonly receivedMs: number;
}

/** How a request ended. */
export interface AuditedAnswer {
  readonly code: number;
  readonly status?: Status;
  /** In place of a status. */
  readonly message?: string;
  /** Any object that was answered; lists too. */
  readonly object?: unknown;
}

/** Where events go. */
export interface AuditSink {
  /**
   * Never throws. What gives a promise is waited for before the request goes on; one that rejects has lost the event, and
   * refuses the request if it has only been received.
   */
  write(event: AuditEvent): void | Promise<void>;
}

/** Answers undefined for requests that nobody wants on record: most of them, and then nothing else is done. */
export class AuditLog {
  readonly #policy: AuditPolicy;
  readonly #sinks: readonly AuditSink[];
  readonly #clock: Clock;
  readonly #metrics: AuditMetrics;

  constructor(
    policy: AuditPolicy,
    sinks: AuditSink | readonly AuditSink[],
    clock: Clock,
    metrics = new AuditMetrics(),
  ) {
    this.#policy = policy;
    this.#sinks = [sinks].flat();
    this.#clock = clock;
    this.#metrics = metrics;
  }

  /** Shows its counts among the server's. */
  register(registry: Registry): void {
    this.#metrics.register(registry);
  }

  /** Begins the record of a request, once it is known who asks. */
  begin(request: AuditedRequest): AuditTrail | undefined {
    const decision = auditDecision(this.#policy, request.user, request.info);
    this.#metrics.decided(decision.level);
    if (decision.level === "None") return undefined;
    const trail = new AuditTrail(request, decision, (event) => this.#write(event), this.#clock);
    if (request.refusal === undefined) trail.stage("RequestReceived");
    return trail;
  }

  /** A request was refused because it could not be put on record. */
  refused(): void {
    this.#metrics.refused();
  }

  #write(event: AuditEvent): Promise<unknown> | undefined {
    this.#metrics.recorded();
    const waits = this.#sinks.flatMap((sink) => sink.write(event) ?? []);
    return waits.length === 0 ? undefined : Promise.all(waits);
  }
}

const RANK: Readonly<Record<AuditLevel, number>> = { None: 0, Metadata: 1, Request: 2, RequestResponse: 3 };

/** What a body says about which object it is. */
type Named = { readonly [Key in "name" | "uid" | "resourceVersion"]: string | undefined };

/** The record of one request. */
export class AuditTrail {
  readonly #request: AuditedRequest;
  readonly #decision: AuditDecision;
  readonly #write: (event: AuditEvent) => Promise<unknown> | undefined;
  readonly #clock: Clock;
  readonly #annotations: Record<string, string> = Object.create(null) as Record<string, string>;
  #sent: unknown;
  #named: Named | undefined;
  #stored: Promise<unknown> | undefined;
  #isComplete = false;

  constructor(
    request: AuditedRequest,
    decision: AuditDecision,
    write: (event: AuditEvent) => Promise<unknown> | undefined,
    clock: Clock,
  ) {
    this.#request = request;
    this.#decision = decision;
    this.#write = write;
    this.#clock = clock;
  }

  /** Is the object that the client sent, or the one that it got, wanted? */
  wants(level: "Request" | "RequestResponse"): boolean {
    return RANK[this.#decision.level] >= RANK[level];
  }

  annotate(key: string, value: string, level?: "Request"): void {
    if (level && !this.wants(level)) return;
    this.#annotations[key] = value;
  }

  /** The decoded body of the request. It may tell which object is meant; only where it is wanted is all of it kept. */
  sent(object: unknown): void {
    const { name, uid, resourceVersion } = (object as Partial<AnyObject> | null | undefined)?.metadata ?? {};
    this.#named = { name: textIn(name), uid: textIn(uid), resourceVersion: textIn(resourceVersion) };
    if (this.wants("Request")) this.#sent = object;
  }

  /** A long answer has begun, as for a watch. */
  started(code: number): void {
    this.stage("ResponseStarted", { code });
  }

  /** Only the first time: a request whose time was over may still be answered behind its client's back. */
  complete(answer: AuditedAnswer): void {
    if (this.#isComplete) return;
    this.#isComplete = true;
    const { refusal } = this.#request;
    if (refusal === undefined) this.stage("ResponseComplete", answer);
    // The last thing to be said of somebody unknown.
    else this.stage("ResponseStarted", { code: answer.code, message: refusal });
  }

  /** The request failed by our own fault. */
  panicked({ status, code }: { readonly status: Status; readonly code: number }): void {
    if (this.#isComplete) return;
    this.#isComplete = true;
    this.stage("Panic", { code, status });
  }

  stage(stage: AuditStage, answer?: AuditedAnswer): void {
    if (this.#decision.omitStages.includes(stage)) return;
    const waits = this.#write(new AuditEvent(this.#event(stage, answer)));
    // Not every stage has somebody who waits for it.
    waits?.catch(() => undefined);
    this.#stored = waits;
  }

  /** Undefined when nothing has to be waited for. Rejects when the last event could not be stored and had to be. */
  stored(): Promise<unknown> | undefined {
    const stored = this.#stored;
    this.#stored = undefined;
    return stored;
  }

  #event(stage: AuditStage, answer: AuditedAnswer | undefined): EventFields {
    const { auditId, uri, info, user, impersonated, sourceAddresses, userAgent, receivedMs } = this.#request;
    const answered =
      stage === "ResponseComplete" && this.wants("RequestResponse") ? answer?.object : undefined;
    return {
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level: this.#decision.level,
      auditID: auditId,
      stage,
      requestURI: uri,
      verb: info.verb,
      user: user ? userInfo(user) : {},
      ...(impersonated ? { impersonatedUser: userInfo(impersonated) } : {}),
      ...(sourceAddresses.length > 0 ? { sourceIPs: sourceAddresses } : {}),
      ...(userAgent === "" ? {} : { userAgent }),
      ...(info.isResource ? { objectRef: objectReference(info, this.#named) } : {}),
      ...(answer ? { responseStatus: answeredStatus(answer) } : {}),
      ...(stage === "RequestReceived" || this.#sent === undefined
        ? {}
        : { requestObject: this.#shown(this.#sent) }),
      ...(answered === undefined ? {} : { responseObject: this.#shown(answered) }),
      requestReceivedTimestamp: formatMicroTime(receivedMs),
      stageTimestamp: formatMicroTime(this.#clock.now()),
      ...(Object.keys(this.#annotations).length > 0 ? { annotations: { ...this.#annotations } } : {}),
    };
  }

  #shown(object: unknown): unknown {
    return this.#decision.omitManagedFields ? withoutManagedFields(object) : object;
  }
}

/** A body that is no object of its kind yet may say anything in place of a name. */
const textIn = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function objectReference(info: RequestInfo, metadata: Named | undefined): object {
  const { resource, namespace, name, group, version, subresource } = info;
  const shownName = name || metadata?.name;
  return {
    resource,
    ...(namespace === "" ? {} : { namespace }),
    ...(shownName ? { name: shownName } : {}),
    ...(metadata?.uid ? { uid: metadata.uid } : {}),
    ...(group === "" ? {} : { apiGroup: group }),
    apiVersion: version,
    ...(metadata?.resourceVersion ? { resourceVersion: metadata.resourceVersion } : {}),
    ...(subresource === "" ? {} : { subresource }),
  };
}

function answeredStatus({ code, status, message: said }: AuditedAnswer): object {
  if (!status) return { metadata: {}, ...(said === undefined ? {} : { message: said }), code };
  const { status: outcome, message, reason, details } = status;
  return {
    metadata: {},
    status: outcome,
    ...(message ? { message } : {}),
    ...(reason ? { reason } : {}),
    ...(details ? { details } : {}),
    code,
  };
}

interface HasManagedFields {
  readonly metadata?: { readonly managedFields?: unknown };
  readonly items?: readonly unknown[];
}

function withoutManagedFields(object: unknown): unknown {
  if (typeof object !== "object" || object === null) return object;
  const { metadata, items } = object as HasManagedFields;
  if (items) return { ...object, items: items.map(withoutManagedFields) };
  if (!metadata?.managedFields) return object;
  const { managedFields: _dropped, ...rest } = metadata;
  return { ...object, metadata: rest };
}
