import { StatusError } from "#machinery/status";

/** The server's error, with what was attempted with which file. */
export function about(error: unknown, doing: string, source: string): unknown {
  if (!(error instanceof StatusError)) return error;
  const message = `error when ${doing} ${JSON.stringify(source)}: ${error.message}`;
  return new StatusError({ ...error.status, message }, { cause: error });
}
