import { isIP, isIPv6 } from "node:net";
import { checkServerIdentity } from "node:tls";
import { Client, credentials, type ClientDuplexStream, type ClientReadableStream } from "@grpc/grpc-js";
import { systemClock } from "#base/clock";
import { decodeProtobuf, encodeProtobuf } from "#machinery/derive/protobuf";
import type { Wire } from "#machinery/schema";
import type { Method } from "./method.ts";

/** Where etcd listens and how it is trusted; PEM. */
export interface EtcdTarget {
  /** `host:port`; of several members by address, all of one family. */
  readonly endpoints: readonly string[];
  readonly tls?: { readonly ca: Uint8Array; readonly cert?: Uint8Array; readonly key?: Uint8Array };
}

/** A whole range may come in one message. */
const MESSAGE_BYTES_MAX = 2 ** 31 - 1;
const KEEPALIVE_MS = 10_000;
/** Also for a whole range. */
const ANSWER_MS_MAX = 60_000;

/** A gRPC channel to etcd that reconnects by itself. */
export class Connection {
  readonly #client: Client;

  constructor({ endpoints, tls }: EtcdTarget) {
    const scheme = isIPv6(hostOf(endpoints[0] ?? "")) ? "ipv6" : "ipv4";
    const target = endpoints.length === 1 ? endpoints[0]! : `${scheme}:${endpoints.join(",")}`;
    const trust = tls ? secured(tls, endpoints.map(hostOf)) : credentials.createInsecure();
    this.#client = new Client(target, trust, {
      "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
      "grpc.keepalive_time_ms": KEEPALIVE_MS,
      // TLS knows no addresses as names of servers; the certificate is held against them all the same.
      ...(tls && isIP(hostOf(endpoints[0] ?? "")) ? { "grpc.ssl_target_name_override": "etcd" } : {}),
    });
  }

  /** Rejects with gRPC's ServiceError, or the signal's reason. */
  call<Request, Response>(
    { path, request, response }: Method<Request, Response>,
    message: Wire<Request>,
    signal?: AbortSignal,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        path,
        (body: object) => Buffer.from(encodeProtobuf(request, body)),
        (bytes: Buffer) => decodeProtobuf<Response>(response, plain(bytes)),
        message as object,
        { deadline: systemClock.now() + ANSWER_MS_MAX },
        (error, answer) => {
          signal?.removeEventListener("abort", abort);
          if (error) reject(signal?.aborted ? signal.reason : error);
          else resolve(answer!);
        },
      );
      const abort = () => call.cancel();
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Both sides say as much as they like. */
  stream<Request, Response>({
    path,
    request,
    response,
  }: Method<Request, Response>): ClientDuplexStream<Wire<Request>, Response> {
    return this.#client.makeBidiStreamRequest(
      path,
      (body: Wire<Request>) => Buffer.from(encodeProtobuf(request, body as object)),
      (bytes: Buffer) => decodeProtobuf<Response>(response, plain(bytes)),
    );
  }

  /** One question, many answers. */
  answers<Request, Response>(
    { path, request, response }: Method<Request, Response>,
    message: Wire<Request>,
  ): ClientReadableStream<Response> {
    return this.#client.makeServerStreamRequest(
      path,
      (body: object) => Buffer.from(encodeProtobuf(request, body)),
      (bytes: Buffer) => decodeProtobuf<Response>(response, plain(bytes)),
      message as object,
    );
  }

  close(): void {
    this.#client.close();
  }
}

/** Of a Buffer a slice would be a view that holds on to the whole message. */
const plain = ({ buffer, byteOffset, byteLength }: Buffer): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** `[::1]:2379` is at `::1`. */
const hostOf = (endpoint: string): string =>
  endpoint.slice(0, endpoint.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");

/** A member's certificate is good when it names any of the members that we were told of. */
const secured = ({ ca, cert, key }: NonNullable<EtcdTarget["tls"]>, hosts: readonly string[]) =>
  credentials.createSsl(Buffer.from(ca), key ? Buffer.from(key) : null, cert ? Buffer.from(cert) : null, {
    checkServerIdentity(_name, certificate) {
      const problems = hosts.map((host) => checkServerIdentity(host, certificate));
      return problems.includes(undefined) ? undefined : problems[0];
    },
  });
