import type { Credentials } from "../contracts.ts";

export type Headers = Record<string, string | readonly string[]>;

/** One request and the way to answer it, whatever carries it: HTTP/2, HTTP/1.1 or a call in process. */
export interface Exchange {
  readonly method: string;
  /** As sent, still percent-encoded, without the query. */
  readonly path: string;
  /** Behind the question mark, empty when there is none. */
  readonly search: string;
  readonly credentials: Credentials;
  /** Lower-case name; several values are joined by a comma. */
  header(name: string): string | undefined;
  /** Lower-case names of all headers. */
  headerNames(): Iterable<string>;
  /** All of the body; fails with RequestEntityTooLarge beyond `bytesMax` and with Timeout after `withinMs`. */
  readBody(bytesMax: number, withinMs: number): Promise<Buffer>;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** Answers completely. */
  reply(status: number, headers: Headers, body: Uint8Array | undefined): void;
  /** Answers piece by piece. */
  open(status: number, headers: Headers): OutgoingStream;
  /** Of the answer, once there is one; 0 before. */
  readonly status: number;
  /** Bytes of the answer's body so far. */
  readonly sentBytes: number;
  /** Has something of the answer not left yet? */
  readonly unsent: boolean;
  /** Called once, when the answer has left or the client has gone. */
  onSent(callback: () => void): void;
  /** Ends an answer that is not complete, as broken. */
  breakOff(): void;
  /** What a connect-subresource takes over: the protocol's own objects. */
  readonly raw: RawExchange;
}

export interface OutgoingStream {
  /** What is written at once is one message, and never joined with another. */
  readonly isMessages?: boolean;
  /** False: what was written so far waits; go on when the callback of `onDrain` is called. */
  write(chunk: Uint8Array): boolean;
  /** True: all that was written has left, and nobody holds on to its bytes. Absent where that is never certain. */
  readonly isEmpty?: boolean;
  end(): void;
  /** Ends the stream as broken, so that no client takes it for complete. */
  destroy(): void;
  readonly closed: boolean;
  /** Replaces the callback before it. It is called when there is room, and once more when the stream has closed. */
  onDrain(callback: () => void): void;
  /** Called once, when the stream has ended for whatever reason. */
  onClose(callback: () => void): void;
}

export type RawExchange =
  | {
      readonly protocol: "h1";
      readonly request: import("node:http").IncomingMessage;
      readonly response: import("node:http").ServerResponse;
    }
  | {
      readonly protocol: "upgrade";
      readonly request: import("node:http").IncomingMessage;
      readonly socket: import("node:stream").Duplex;
      /** What the client has sent so far. Whoever asks takes the connection over, and reads it from this turn on. */
      readonly head: Buffer;
    }
  | {
      readonly protocol: "h2";
      readonly stream: import("node:http2").ServerHttp2Stream;
      readonly headers: import("node:http2").IncomingHttpHeaders;
    }
  | { readonly protocol: "in-process"; readonly body: Uint8Array };

/** The status of an answer that may have been given by whoever took the connection over. */
export function answeredStatus({ status, raw }: Exchange): number {
  if (status !== 0) return status;
  if (raw.protocol === "upgrade") return 101;
  if (raw.protocol === "h1") return raw.response.statusCode;
  return raw.protocol === "h2" ? Number(raw.stream.sentHeaders?.[":status"] ?? 0) : 0;
}

/** Resolves when the stream takes more, or has closed. */
export const drained = (stream: OutgoingStream): Promise<void> =>
  new Promise((resolve) => (stream.closed ? resolve() : stream.onDrain(resolve)));
