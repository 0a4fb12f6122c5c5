import { asError } from "#base/attempt";
import { serviceUnavailable, StatusError, timeout, tooLarge } from "#machinery/status";
import { NoSpace, StoreClosed, StoreOverloaded, StoreUnavailable, TooLarge } from "#store/store";

const RETRY_SECONDS = 1;

/** What a client hears of a read that the store could not answer: it may ask again soon. Other errors stay as they are. */
export const readFailure = (thrown: unknown): Error =>
  thrown instanceof StoreUnavailable ? soon(thrown) : writeFailure(thrown);

/** Of a write: where nobody knows whether it was made, a client has to look before it tries again. */
export function writeFailure(thrown: unknown): Error {
  if (thrown instanceof StoreUnavailable) return undecided(thrown);
  if (thrown instanceof StoreOverloaded || thrown instanceof StoreClosed) return soon(thrown);
  if (thrown instanceof TooLarge) return tooLarge(thrown.message);
  return thrown instanceof NoSpace ? serviceUnavailable(thrown.message) : asError(thrown);
}

function soon(error: Error): StatusError {
  const { status } = serviceUnavailable(error.message);
  const details = { ...status.details, retryAfterSeconds: RETRY_SECONDS };
  return new StatusError({ ...status, details }, { cause: error });
}

function undecided(error: Error): StatusError {
  const { details: _, ...status } = timeout(error.message, RETRY_SECONDS).status;
  return new StatusError(status, { cause: error });
}
