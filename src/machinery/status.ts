import type { FieldProblem } from "./schema/types.ts";
import { told } from "./told.ts";

/** Why the API said no, in one word. Match by this, never by message. */
export type StatusReason =
  | "Unknown"
  | "Unauthorized"
  | "Forbidden"
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Gone"
  | "Invalid"
  | "ServerTimeout"
  | "StoreReadError"
  | "Timeout"
  | "TooManyRequests"
  | "BadRequest"
  | "MethodNotAllowed"
  | "NotAcceptable"
  | "RequestEntityTooLarge"
  | "UnsupportedMediaType"
  | "InternalError"
  | "Expired"
  | "ServiceUnavailable";

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** The wire form of an API error: `kind: Status`. */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: { readonly continue?: string; readonly remainingItemCount?: number };
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: StatusReason;
  readonly details?: StatusDetails;
  readonly code: number;
}

/** An API error on its way to the client, or as the client got it. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly status: Status;

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? "unknown error", options);
    this.status = status;
  }

  get reason(): StatusReason {
    return this.status.reason ?? "Unknown";
  }

  get code(): number {
    return this.status.code;
  }
}

/** Is it an API error with one of these reasons? */
export const hasReason = (error: unknown, ...reasons: StatusReason[]): error is StatusError =>
  error instanceof StatusError && reasons.includes(error.reason);

/** `pods` or `deployments.apps`: how messages name a resource. */
export interface GroupResource {
  readonly group: string;
  readonly plural: string;
}

const qualified = ({ group, plural }: GroupResource): string =>
  group === "" ? plural : `${plural}.${group}`;

function failure(
  code: number,
  reason: StatusReason,
  message: string,
  details?: StatusDetails,
  options?: ErrorOptions,
): StatusError {
  const status: Status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    ...(details ? { details } : {}),
    code,
  };
  return new StatusError(status, options);
}

const detailsOf = (of: GroupResource, name: string): StatusDetails => ({
  ...(name === "" ? {} : { name }),
  ...(of.group === "" ? {} : { group: of.group }),
  kind: of.plural,
});

export const notFound = (of: GroupResource, name: string): StatusError =>
  failure(404, "NotFound", `${qualified(of)} "${name}" not found`, detailsOf(of, name));

/** No such path, as for unknown groups and kinds. */
export const noSuchResource = (): StatusError =>
  failure(404, "NotFound", "the server could not find the requested resource", {});

export const alreadyExists = (of: GroupResource, name: string): StatusError =>
  failure(409, "AlreadyExists", `${qualified(of)} "${name}" already exists`, detailsOf(of, name));

export const conflict = (of: GroupResource, name: string, why: string): StatusError =>
  failure(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(of)} "${name}": ${why}`,
    detailsOf(of, name),
  );

/** A conflict because somebody else wrote first. */
export const staleVersion = (of: GroupResource, name: string): StatusError =>
  conflict(
    of,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );

export const unauthorized = (): StatusError => failure(401, "Unauthorized", "Unauthorized");

export function forbidden(of: GroupResource, name: string, why: string): StatusError {
  const message =
    of.plural === ""
      ? `forbidden: ${why}`
      : name === ""
        ? `${qualified(of)} is forbidden: ${why}`
        : `${qualified(of)} "${name}" is forbidden: ${why}`;
  return failure(403, "Forbidden", message, detailsOf(of, name));
}

export const badRequest = (message: string): StatusError => failure(400, "BadRequest", message);

/** A patch that is well formed and does not fit the object. */
export const patchRejected = (why: string): StatusError =>
  failure(422, "Invalid", "the server rejected our request due to an error in our request", {
    causes: [{ reason: "FieldValueInvalid", message: why, field: "patch" }],
  });

/** The resourceVersion or continue token is older than what is kept. */
export const expired = (message: string): StatusError => failure(410, "Expired", message);

export const tooLarge = (message: string): StatusError =>
  failure(413, "RequestEntityTooLarge", `Request entity too large: ${message}`);

export const unsupportedMediaType = (message: string): StatusError =>
  failure(415, "UnsupportedMediaType", message);

export const notAcceptable = (message: string): StatusError => failure(406, "NotAcceptable", message);

export const internalError = (cause: unknown): StatusError => {
  const text = cause instanceof Error ? cause.message : String(cause);
  return failure(
    500,
    "InternalError",
    `Internal error occurred: ${text}`,
    { causes: [{ message: text }] },
    { cause },
  );
};

export const serviceUnavailable = (message: string): StatusError =>
  failure(503, "ServiceUnavailable", message);

export const timeout = (message: string, retryAfterSeconds: number): StatusError =>
  failure(504, "Timeout", `Timeout: ${message}`, { retryAfterSeconds });

const HEAD: Record<FieldProblem["type"], string> = {
  required: "Required value",
  invalid: "Invalid value",
  forbidden: "Forbidden",
  duplicate: "Duplicate value",
  notSupported: "Unsupported value",
  tooLong: "Too long",
  tooMany: "Too many",
  notFound: "Not found",
  typeInvalid: "Invalid value",
  internal: "Internal error",
};

const CAUSE: Record<FieldProblem["type"], string> = {
  required: "FieldValueRequired",
  invalid: "FieldValueInvalid",
  forbidden: "FieldValueForbidden",
  duplicate: "FieldValueDuplicate",
  notSupported: "FieldValueNotSupported",
  tooLong: "FieldValueTooLong",
  tooMany: "FieldValueTooMany",
  notFound: "FieldValueNotFound",
  typeInvalid: "FieldValueTypeInvalid",
  internal: "InternalError",
};

const SHOWS_VALUE = new Set(["invalid", "duplicate", "notSupported", "notFound", "typeInvalid", "tooMany"]);

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) => (typeof one === "bigint" ? Number(one) : one));

/** `Invalid value: "x": must be ...` */
export function problemText({ type, value, detail }: FieldProblem): string {
  const shown = SHOWS_VALUE.has(type) && value !== undefined ? `${HEAD[type]}: ${textOf(value)}` : HEAD[type];
  return detail === "" ? shown : `${shown}: ${detail}`;
}

function* shownProblems(problems: readonly FieldProblem[]) {
  for (const problem of problems)
    yield { type: problem.type, path: problem.path || "<nil>", text: problemText(problem) };
}

/** 422 with every problem as a cause. `kind` is the object's kind, not its plural. */
export function invalidObject(
  of: { readonly group: string; readonly kind: string },
  name: string,
  problems: readonly FieldProblem[],
): StatusError {
  const shown = told(shownProblems(problems), ({ path, text }) => path.length + text.length);
  const texts = new Set(shown.map(({ path, text }) => `${path}: ${text}`));
  const body = texts.size === 1 ? [...texts][0]! : `[${[...texts].join(", ")}]`;
  const kind = of.group === "" ? of.kind : `${of.kind}.${of.group}`;
  const causes = shown.map(({ type, path, text }) => ({ reason: CAUSE[type], message: text, field: path }));
  const details = {
    ...(name === "" ? {} : { name }),
    ...(of.group === "" ? {} : { group: of.group }),
    kind: of.kind,
    causes,
  };
  return failure(422, "Invalid", `${kind} "${name}" is invalid: ${body}`, details);
}
