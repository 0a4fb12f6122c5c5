import type { AuditEvent } from "./audit-event.ts";
import type { Deliver } from "./delivery.ts";
import type { RotatingFile } from "./rotating-file.ts";

export type LogFormat = "json" | "legacy";

/** Lines of a file: one event each. */
export const toFile =
  (file: RotatingFile, format: LogFormat): Deliver =>
  (events) =>
    file.write(events.map((event) => `${lineOf(event, format)}\n`).join(""));

/** Lines of the standard output. */
export const toStream =
  (stream: { write(text: string): unknown }, format: LogFormat): Deliver =>
  (events) => {
    stream.write(events.map((event) => `${lineOf(event, format)}\n`).join(""));
    return Promise.resolve();
  };

const lineOf = (event: AuditEvent, format: LogFormat): string =>
  format === "json" ? event.json : legacyLine(event);

/** Texts for people who read along; they hold no objects. */
function legacyLine({ fields }: AuditEvent): string {
  const { user, impersonatedUser, objectRef, responseStatus } = fields;
  const parts = {
    id: fields.auditID,
    stage: fields.stage,
    ip: fields.sourceIPs?.[0] ?? "<unknown>",
    method: fields.verb,
    user: user.username || "<none>",
    groups: listed(user.groups) ?? "<none>",
    as: impersonatedUser ? (impersonatedUser.username ?? "") : "<self>",
    asgroups: listed(impersonatedUser?.groups) ?? "<lookup>",
    "user-agent": fields.userAgent ?? "",
    namespace: objectRef?.namespace ?? "<none>",
    uri: fields.requestURI,
    response: responseStatus?.code === undefined ? "<deferred>" : String(responseStatus.code),
  };
  const texts = Object.entries(parts).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${fields.requestReceivedTimestamp} AUDIT: ${texts.join(" ")}`;
}

const listed = (groups: readonly string[] | undefined): string | undefined =>
  groups && groups.length > 0 ? groups.map((group) => JSON.stringify(group)).join(",") : undefined;
