import type { StructOf } from "#machinery/schema";

/** One remote procedure: its path, and what goes in and comes out. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly request: StructOf<Request>;
  readonly response: StructOf<Response>;
}

/** What a connection calls. */
export const method = <Request, Response>(
  path: string,
  request: StructOf<Request>,
  response: StructOf<Response>,
): Method<Request, Response> => ({ path, request, response });
