/** What goes wrong with webhooks, in the words of the API. */
import { type Status, type StatusReason, StatusError, badRequest, internalError } from "#machinery/status";

/** The webhook could not be asked, or its answer was none; whether the request fails is the webhook's policy. */
export class CallFailure extends Error {
  override readonly name = "CallFailure";

  constructor(webhook: string, reason: string, options?: ErrorOptions) {
    super(`failed calling webhook ${JSON.stringify(webhook)}: ${reason}`, options);
  }
}

/** The webhook has said no. */
export class Rejection extends Error {
  override readonly name = "Rejection";
  readonly status: StatusError;

  constructor(status: StatusError) {
    super(status.message);
    this.status = status;
  }
}

/** As a webhook may put it into its answer. */
export interface GivenStatus {
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: object;
}

const BAD_REQUEST = 400;

/** A refusal never has the code of a success. */
export function rejection(
  webhook: string,
  { message, reason, code = 0, details }: GivenStatus = {},
): Rejection {
  const deniedBy = `admission webhook ${JSON.stringify(webhook)} denied the request`;
  const status: Status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: message
      ? `${deniedBy}: ${message}`
      : reason
        ? `${deniedBy}: ${reason}`
        : `${deniedBy} without explanation`,
    ...(reason ? { reason: reason as StatusReason } : {}),
    ...(details ? { details: details as NonNullable<Status["details"]> } : {}),
    code: code < BAD_REQUEST ? BAD_REQUEST : code,
  };
  return new Rejection(new StatusError(status));
}

export const noDryRun = (webhook: string): StatusError =>
  badRequest(`admission webhook ${JSON.stringify(webhook)} does not support dry run`);

export const cannotModify = (webhook: string): StatusError =>
  internalError(
    `admission webhook ${JSON.stringify(webhook)} attempted to modify the object, which is not supported for this operation`,
  );
