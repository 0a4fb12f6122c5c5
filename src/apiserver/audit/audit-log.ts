/** Puts requests on record, as `audit.k8s.io/v1` Events, one a line. */
import { stringifyJson } from "#machinery/json";
import type { Clock } from "#base/clock";
import type { AnyObject } from "#machinery/schema";
import type { Status } from "#machinery/status";
import { formatMicroTime } from "#machinery/time";
import type { RequestInfo, User } from "../contracts.ts";
import { userInfo } from "../authentication/reviews.ts";
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
  /** Any object that was answered; lists too. */
  readonly object?: unknown;
}

/** Where finished lines go. Never throws and never waits. */
export interface AuditSink {
  write(line: string): void;
}

/** Answers undefined for requests that nobody wants on record: most of them, and then nothing else is done. */
export class AuditLog {
  readonly #policy: AuditPolicy;
  readonly #sink: AuditSink;
  readonly #clock: Clock;

  constructor(policy: AuditPolicy, sink: AuditSink, clock: Clock) {
    this.#policy = policy;
    this.#sink = sink;
    this.#clock = clock;
  }

  /** Begins the record of a request, once it is known who asks. */
  begin(request: AuditedRequest): AuditTrail | undefined {
    const decision = auditDecision(this.#policy, request.user, request.info);
    if (decision.level === "None") return undefined;
    const trail = new AuditTrail(request, decision, this.#sink, this.#clock);
    trail.stage("RequestReceived");
    return trail;
  }
}

const RANK: Readonly<Record<AuditLevel, number>> = { None: 0, Metadata: 1, Request: 2, RequestResponse: 3 };

/** The record of one request. */
export class AuditTrail {
  readonly #request: AuditedRequest;
  readonly #decision: AuditDecision;
  readonly #sink: AuditSink;
  readonly #clock: Clock;
  readonly #annotations: Record<string, string> = Object.create(null) as Record<string, string>;
  #sent: unknown;

  constructor(request: AuditedRequest, decision: AuditDecision, sink: AuditSink, clock: Clock) {
    this.#request = request;
    this.#decision = decision;
    this.#sink = sink;
    this.#clock = clock;
  }

  /** Is the object that the client sent, or the one that it got, wanted? */
  wants(level: "Request" | "RequestResponse"): boolean {
    return RANK[this.#decision.level] >= RANK[level];
  }

  annotate(key: string, value: string): void {
    this.#annotations[key] = value;
  }

  /** The decoded body of the request. */
  sent(object: unknown): void {
    if (this.wants("Request")) this.#sent = object;
  }

  /** A long answer has begun, as for a watch. */
  started(code: number): void {
    this.stage("ResponseStarted", { code });
  }

  complete(answer: AuditedAnswer): void {
    this.stage("ResponseComplete", answer);
  }

  /** The request failed by our own fault. */
  panicked(code: number): void {
    this.stage("Panic", { code });
  }

  stage(stage: AuditStage, answer?: AuditedAnswer): void {
    if (this.#decision.omitStages.includes(stage)) return;
    this.#sink.write(`${stringifyJson(this.#event(stage, answer))}\n`);
  }

  #event(stage: AuditStage, answer: AuditedAnswer | undefined): object {
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
      ...(info.isResource ? { objectRef: objectReference(info, this.#sent) } : {}),
      ...(answer ? { responseStatus: answeredStatus(answer) } : {}),
      ...(stage === "RequestReceived" || this.#sent === undefined
        ? {}
        : { requestObject: this.#shown(this.#sent) }),
      ...(answered === undefined ? {} : { responseObject: this.#shown(answered) }),
      requestReceivedTimestamp: formatMicroTime(receivedMs),
      stageTimestamp: formatMicroTime(this.#clock.now()),
      ...(Object.keys(this.#annotations).length > 0 ? { annotations: this.#annotations } : {}),
    };
  }

  #shown(object: unknown): unknown {
    return this.#decision.omitManagedFields ? withoutManagedFields(object) : object;
  }
}

function objectReference(info: RequestInfo, sent: unknown): object {
  const { resource, namespace, name, group, version, subresource } = info;
  const metadata = (sent as Partial<AnyObject> | undefined)?.metadata;
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

function answeredStatus({ code, status }: AuditedAnswer): object {
  if (!status) return { metadata: {}, code };
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
