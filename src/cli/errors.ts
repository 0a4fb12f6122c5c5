import { StepFailed } from "#cluster/steps";
import { hasReason, type StatusCause, StatusError } from "#machinery/status";
import { UsageError } from "./verb.ts";

/** Exit codes of the program. */
export const EXIT = { ok: 0, failure: 1, usage: 2 } as const;

export const exitCodeOf = (error: unknown): number =>
  error instanceof UsageError ? EXIT.usage : EXIT.failure;

/** What the user reads about a failure: its cause, and where there is one the next step. */
export function explain(error: unknown): string {
  if (error instanceof StepFailed) return `error: ${error.message}\nnext:  ${error.next}`;
  if (error instanceof StatusError) return explainStatus(error);
  if (!(error instanceof Error)) return `error: ${String(error)}`;
  if (error.name === "ConnectionError") return explainConnection(error);
  return `error: ${withCauses(error)}`;
}

function explainStatus(error: StatusError): string {
  const { message = "", reason, details } = error.status;
  if (hasReason(error, "Invalid")) {
    const { kind = "", name = "", causes = [] } = details ?? {};
    if (!details) return `The request is invalid: ${message}`;
    const named = kind !== "" || name !== "" ? `The ${kind} ${JSON.stringify(name)} is invalid` : "";
    const head = named || `The request is invalid${causes.length === 0 ? `: ${message}` : ""}`;
    return causes.length === 0 ? head : `${head}: ${listed(causes)}`;
  }
  if (hasReason(error, "Unauthorized") && message === "Unauthorized")
    return "error: You must be logged in to the server (Unauthorized)";
  const text = message === "" ? "unknown" : message;
  return reason === undefined || reason === "Unknown"
    ? `Error from server: ${text}`
    : `Error from server (${reason}): ${text}`;
}

function listed(causes: readonly StatusCause[]): string {
  const texts = new Set(
    causes.map(({ field, message = "" }) => (field === undefined ? message : `${field}: ${message}`)),
  );
  return texts.size === 1 ? [...texts][0]! : [...texts].map((text) => `\n* ${text}`).join("");
}

function explainConnection(error: Error): string {
  const host = /^([^ ]+): /.exec(error.message)?.[1] ?? "";
  const code = (error.cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ECONNREFUSED")
    return `The connection to the server ${host} was refused - did you specify the right host or port?`;
  return `Unable to connect to the server: ${error.message}`;
}

/** The message, and those of its causes that it does not already say. */
function withCauses(error: Error): string {
  let text = error.message || error.name;
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (cause.message !== "" && !text.includes(cause.message)) text += `: ${cause.message}`;
  }
  return text;
}
