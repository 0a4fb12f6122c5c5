import type { ClientRequest, IncomingMessage } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream";
import { StatusError, serviceUnavailable } from "#machinery/status";
import { causeText } from "../webhook-client/transport-errors.ts";
import { type Exchange, type OutgoingStream, drained } from "../http/exchange.ts";
import { answered, statusOf } from "../http/outgoing-request.ts";
import type { PathRequest } from "../request/handlers.ts";
import { tunnel } from "../streaming/tunnel.ts";
import { type IsCredential, type OutgoingHeaders, forwardedAnswer, forwardedRequest } from "./front-proxy.ts";
import type { Remote } from "./remote.ts";

/** Passes a request on to the server that answers for its group and version, and its answer back. */
export async function proxyTo(
  remote: Remote,
  request: PathRequest,
  isCredential: IsCredential,
): Promise<void> {
  const { exchange, user } = request;
  if (!remote.available) throw serviceUnavailable("the server is currently unable to handle the request");
  const body = bodyOf(exchange);
  const asked = {
    method: exchange.method,
    path: exchange.search === "" ? exchange.path : `${exchange.path}?${exchange.search}`,
    headers: {
      ...forwardedRequest(exchange, user, isCredential),
      ...framingOf(exchange, body),
      "audit-id": request.headers["audit-id"] ?? "",
    },
    signal: exchange.signal,
  };
  const { raw } = exchange;
  try {
    if (raw.protocol === "upgrade") {
      return await join(raw, await upgradedBy(remote.request(asked).end()), request);
    }
    await relay(await (body ? answerTo(remote.request(asked), body) : remote.ask(asked)), request);
  } catch (cause) {
    if (cause instanceof StatusError) throw cause;
    if (exchange.status !== 0) return exchange.breakOff();
    throw serviceUnavailable(`error trying to reach service: ${causeText(cause)}`);
  }
}

/** Bodies go on as they come: how large they may be is the other server's to say. */
function answerTo(started: ClientRequest, body: Readable | Uint8Array): Promise<IncomingMessage> {
  const answer = answered(started);
  if (body instanceof Uint8Array) started.end(body);
  // Failures show on the request, or in that the client has gone.
  else pipeline(body, started, () => undefined);
  return answer;
}

function bodyOf({ raw, method }: Exchange): Readable | Uint8Array | undefined {
  if (method === "GET" || method === "HEAD") return undefined;
  switch (raw.protocol) {
    case "h1":
      return hasBody(raw.request) ? raw.request : undefined;
    case "h2":
      return raw.stream.endAfterHeaders ? undefined : raw.stream;
    case "in-process":
      return raw.body.length > 0 ? raw.body : undefined;
    case "upgrade":
      return undefined;
  }
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

/** How the other server knows where the body ends: not every method has a body by itself. */
function framingOf(exchange: Exchange, body: ReturnType<typeof bodyOf>): OutgoingHeaders {
  if (!body) return {};
  if (body instanceof Uint8Array) return { "content-length": String(body.length) };
  const length = exchange.header("content-length");
  return length === undefined ? { "transfer-encoding": "chunked" } : { "content-length": length };
}

interface Upgraded {
  readonly response: IncomingMessage;
  /** Undefined: the wish was not granted. */
  readonly connection: { readonly socket: Duplex; readonly head: Buffer } | undefined;
}

const upgradedBy = (started: ClientRequest): Promise<Upgraded> =>
  new Promise((resolve, reject) => {
    started
      .on("upgrade", (response, socket, head) => resolve({ response, connection: { socket, head } }))
      .on("response", (response) => resolve({ response, connection: undefined }))
      .on("error", reject);
  });

const REFUSAL_BYTES_MAX = 64 * 1024;

async function join(
  { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  { response, connection }: Upgraded,
  request: PathRequest,
): Promise<void> {
  if (connection) return tunnel(socket, head, { response, ...connection });
  if (redirects(response)) return refuseRedirect(response, request);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if ((size += chunk.length) > REFUSAL_BYTES_MAX) break;
    chunks.push(chunk);
  }
  const headers = { ...request.headers, ...forwardedAnswer(response.headers) };
  request.exchange.reply(statusOf(response), headers, Buffer.concat(chunks));
}

const REDIRECTED = "the backend attempted to redirect this request, which is not permitted";
/** Statuses and methods whose answer has no body. */
const isEmpty = (method: string, status: number): boolean =>
  method === "HEAD" || status === 204 || status === 304;

/** Clients would take their credentials there. */
const redirects = ({ statusCode = 0, headers }: IncomingMessage): boolean =>
  statusCode >= 300 && statusCode <= 399 && headers.location !== undefined;

function refuseRedirect(response: IncomingMessage, { exchange, headers }: PathRequest): void {
  response.destroy();
  const plain = { ...headers, "content-type": "text/plain; charset=utf-8" };
  exchange.reply(502, plain, Buffer.from(REDIRECTED));
}

async function relay(response: IncomingMessage, request: PathRequest): Promise<void> {
  if (redirects(response)) return refuseRedirect(response, request);
  const { exchange, headers, info } = request;
  const status = statusOf(response);
  const all = { ...headers, ...forwardedAnswer(response.headers), "audit-id": headers["audit-id"] ?? "" };
  if (isEmpty(exchange.method, status)) {
    response.resume();
    return exchange.reply(status, all, undefined);
  }
  if (exchange.signal.aborted) return void response.destroy();
  const out = exchange.open(status, all);
  out.onClose(() => response.destroy());
  const passed = pass(response, out);
  // A watch that stands has been served; how long it lasts is no work of ours.
  if (info.verb !== "watch") await passed;
}

async function pass(response: IncomingMessage, out: OutgoingStream): Promise<void> {
  try {
    for await (const chunk of response) if (!out.write(chunk as Buffer)) await drained(out);
    out.end();
  } catch {
    // It broke off on the way: so does the answer, that nobody takes it for complete.
    out.destroy();
  }
}
