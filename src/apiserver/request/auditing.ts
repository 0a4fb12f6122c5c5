import { attempt } from "#base/attempt";
import { StatusError, internalError } from "#machinery/status";
import { JsonError, parseJson } from "#machinery/json";
import { parseYaml, YamlError } from "#machinery/yaml";
import type { AuditLog, AuditTrail } from "../audit/audit-log.ts";
import { auditNotesOf } from "../authentication/audit-notes.ts";
import type { RequestInfo, User } from "../contracts.ts";
import type { Exchange } from "../http/exchange.ts";
import { decodeEnveloped } from "../negotiation/protobuf.ts";
import type { ServedKind } from "../resource-set.ts";
import type { Answer, Body } from "./operation.ts";

export interface Asked {
  readonly exchange: Exchange;
  readonly info: RequestInfo;
  readonly auditId: string;
  readonly receivedMs: number;
  /** Undefined: nobody that is known. */
  readonly user: User | undefined;
  readonly impersonated?: User;
}

/** Begins the record of a request; undefined when nobody wants this one. */
export function beginAudit(audit: AuditLog, asked: Asked): AuditTrail | undefined {
  const { exchange, info, auditId, receivedMs, user, impersonated } = asked;
  const forwarded = exchange.header("x-forwarded-for");
  const via = forwarded === undefined ? [] : forwarded.split(",").map((address) => address.trim());
  const trail = audit.begin({
    auditId,
    uri: exchange.search === "" ? exchange.path : `${exchange.path}?${exchange.search}`,
    info,
    user,
    ...(user ? {} : { refusal: refusalOf(exchange) }),
    ...(impersonated ? { impersonated } : {}),
    sourceAddresses: [...via, exchange.credentials.remoteAddress].filter((address) => address !== ""),
    userAgent: exchange.header("user-agent") ?? "",
    receivedMs,
  });
  if (trail && user) for (const [key, value] of auditNotesOf(user)) trail.annotate(key, value);
  return trail;
}

/** Which ways to be known have been tried. */
function refusalOf({ credentials, search }: Exchange): string {
  const [scheme = "", secret] = (credentials.header("authorization") ?? "").trim().split(" ");
  const given = (method: string) => secret !== undefined && scheme.toLowerCase() === method;
  const tried = [
    ...["basic", "bearer"].filter(given),
    ...(new URLSearchParams(search).get("access_token")?.trim() ? ["access_token"] : []),
    ...(credentials.clientCertificate ? ["x509"] : []),
  ];
  return tried.length === 0
    ? "Authentication failed, no credentials provided"
    : `Authentication failed, attempted: ${tried.join(", ")}`;
}

/** Waits until a request that was received is on record. Throws InternalError where it has to be and cannot be. */
export async function received(storing: Promise<unknown>, audit: AuditLog | undefined): Promise<void> {
  if (!(await attempt(() => storing))) return;
  audit?.refused();
  throw internalError("failed to store audit event");
}

/** Puts the body on record, where it is wanted and can be read. */
export function auditBody(trail: AuditTrail | undefined, body: Body, { resource }: ServedKind): void {
  if (!trail || body.type === "none") return;
  if (body.type === "value") return trail.sent(body.value);
  const { contentType, bytes } = body;
  try {
    if (contentType.includes("protobuf")) trail.sent(decodeEnveloped(bytes, resource.schema).object);
    else trail.sent(contentType.includes("yaml") ? parseYaml(bytes) : parseJson(bytes));
  } catch (error) {
    // A body that cannot be read is refused with the reason; the record goes without it.
    const unreadable =
      error instanceof JsonError || error instanceof YamlError || (error as Error).name === "ProtobufError";
    if (!unreadable) throw error;
  }
}

export function auditAnswer(trail: AuditTrail | undefined, answer: Answer): void {
  if (!trail) return;
  if (answer.type === "watch") return trail.started(200);
  const code = answer.type === "list" ? 200 : answer.code;
  trail.complete({ code, ...(trail.wants("RequestResponse") ? { object: objectOf(answer) } : {}) });
}

/** `thrown`: what the answer was made of; anything but a Status is our own fault. */
export function auditFailure(
  trail: AuditTrail | undefined,
  error: StatusError,
  thrown: unknown = error,
): void {
  if (thrown instanceof StatusError) trail?.complete({ code: error.code, status: error.status });
  else trail?.panicked(error);
}

function objectOf(answer: Exclude<Answer, { type: "watch" }>): unknown {
  if (answer.type === "object") return answer.object;
  const { view, resource } = answer.kind;
  if (answer.type === "item") return view.object(answer.item);
  const items = answer.items.map((item) => view.object(item));
  return { kind: resource.listKind, apiVersion: resource.apiVersion, metadata: answer.meta, items };
}
