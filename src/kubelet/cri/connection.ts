import {
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status as GrpcStatus,
} from "@grpc/grpc-js";
import type { Clock } from "#base/clock";
import { decodeProtobuf, encodeProtobuf } from "#machinery/derive/protobuf";
import type { StructOf, Wire } from "#machinery/schema";

/** One remote procedure: its full path, and what goes in and comes out. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly request: StructOf<Request>;
  readonly response: StructOf<Response>;
}

export const method = <Request, Response>(
  path: string,
  request: StructOf<Request>,
  response: StructOf<Response>,
): Method<Request, Response> => ({ path, request, response });

export interface CallLimits {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What the other side of a gRPC connection answered instead of a response. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  /** The peer's own words, without gRPC's number and name in front. */
  readonly details: string;

  constructor(path: string, code: number, details: string, cause?: unknown) {
    super(`${path.slice(path.lastIndexOf("/") + 1)}: ${details}`, { cause });
    this.code = code;
    this.details = details;
  }
}

const hasCode = (error: unknown, ...codes: number[]): boolean =>
  error instanceof RpcError && codes.includes(error.code);

export const isRpcNotFound = (error: unknown): boolean => hasCode(error, GrpcStatus.NOT_FOUND);
export const isRpcUnimplemented = (error: unknown): boolean => hasCode(error, GrpcStatus.UNIMPLEMENTED);
/** The peer could not be reached, or went away in the middle. */
export const isRpcUnavailable = (error: unknown): boolean => hasCode(error, GrpcStatus.UNAVAILABLE);
export const isRpcTimeout = (error: unknown): boolean => hasCode(error, GrpcStatus.DEADLINE_EXCEEDED);

const RECONNECT_FIRST_MS = 100;
const RECONNECT_MAX_MS = 2_000;
/** As other CRI clients allow. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

/** A gRPC channel without TLS that reconnects by itself. */
export class Connection {
  readonly #client: Client;
  readonly #clock: Clock;

  /** `target`: `unix:/path/of/socket`, or `host:port`. */
  constructor(target: string, clock: Clock) {
    this.#clock = clock;
    this.#client = new Client(target, credentials.createInsecure(), {
      "grpc.initial_reconnect_backoff_ms": RECONNECT_FIRST_MS,
      "grpc.min_reconnect_backoff_ms": RECONNECT_FIRST_MS,
      "grpc.max_reconnect_backoff_ms": RECONNECT_MAX_MS,
      "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
      "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
      "grpc.enable_retries": 0,
      "grpc.default_authority": "localhost",
    });
  }

  call<Request, Response>(
    { path, request, response }: Method<Request, Response>,
    message: Wire<Request>,
    { timeoutMs, signal }: CallLimits = {},
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const deadline = timeoutMs === undefined ? Infinity : this.#clock.now() + timeoutMs;
      const call = this.#client.makeUnaryRequest(
        path,
        encoder(request),
        decoder(response),
        message,
        { deadline },
        (error, answer) => {
          signal?.removeEventListener("abort", abort);
          if (error) reject(signal?.aborted ? signal.reason : rpcError(path, error));
          else resolve(answer as Response);
        },
      );
      const abort = () => call.cancel();
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Messages until the peer ends the stream; `signal` ends it from this side. */
  async *stream<Request, Response>(
    { path, request, response }: Method<Request, Response>,
    message: Wire<Request>,
    { signal }: { readonly signal: AbortSignal },
  ): AsyncIterable<Response> {
    signal.throwIfAborted();
    const call: ClientReadableStream<Response> = this.#client.makeServerStreamRequest(
      path,
      encoder(request),
      decoder(response),
      message,
      new Metadata({ waitForReady: true }),
    );
    const abort = () => call.cancel();
    signal.addEventListener("abort", abort, { once: true });
    try {
      for await (const answer of call) yield answer as Response;
    } catch (error) {
      throw signal.aborted ? signal.reason : rpcError(path, error as ServiceError);
    } finally {
      signal.removeEventListener("abort", abort);
      call.cancel();
    }
  }

  close(): void {
    this.#client.close();
  }
}

const rpcError = (path: string, error: ServiceError): RpcError =>
  new RpcError(path, error.code ?? GrpcStatus.UNKNOWN, error.details ?? error.message, error);

/** gRPC wants a Buffer: a view on the encoded bytes, not a copy. */
function encoder<T>(schema: StructOf<T>) {
  return (message: Wire<T>): Buffer => {
    const bytes = encodeProtobuf(schema, message as object);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

function decoder<T>(schema: StructOf<T>) {
  return (bytes: Buffer): T => decodeProtobuf<T>(schema, bytes);
}
