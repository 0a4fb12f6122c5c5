import { type IncomingMessage, request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { type EndpointPort, EndpointSlice } from "#api/discovery-v1/endpointslice";
import { Service } from "#api/core-v1/service";
import type { ServicePort } from "#api/core-v1/servicespec";
import { isGlobalUnicast } from "#base/ip";
import { badRequest, notFound, serviceUnavailable } from "#machinery/status";
import type { RequestInfo } from "../contracts.ts";
import { drained, type Exchange, type Headers } from "../http/exchange.ts";
import { answered, statusOf } from "../http/outgoing-request.ts";
import { endToEnd } from "../http/hop-by-hop.ts";
import { proxiedPath } from "../request/proxied-path.ts";
import { CONNECT_MS_MAX, endUnlessConnected } from "./connect-timeout.ts";
import type { ConnectRequest, StreamingOptions } from "./connect.ts";
import { podOf } from "./pod-target.ts";
import { forwardedHeaders, requestHeaders, tunnel } from "./tunnel.ts";

/** Where a proxied request goes. */
interface Target {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
}

const BODY_BYTES_MAX = 64 * 1024 * 1024;
const BODY_MS_MAX = 60_000;
const PORT_MAX = 65_535;

/** `[scheme:]name[:port]`, as names before `/proxy` may be written. */
function parseName(text: string): { readonly scheme: string; readonly name: string; readonly port: string } {
  const parts = text.split(":");
  if (parts.length === 1) return { scheme: "http", name: parts[0]!, port: "" };
  if (parts.length === 2) return { scheme: "http", name: parts[0]!, port: parts[1]! };
  if (parts.length === 3) return { scheme: parts[0] || "http", name: parts[1]!, port: parts[2]! };
  throw badRequest(`invalid proxy target ${JSON.stringify(text)}`);
}

export async function proxyPod(
  { info, exchange }: ConnectRequest,
  { cache }: StreamingOptions,
): Promise<void> {
  const { scheme, name, port } = parseName(info.name);
  const pod = podOf(cache, { ...info, name });
  const { podIP } = pod.status;
  if (!podIP) throw badRequest(`address not allowed: pod ${name} has no IP`);
  const first = pod.spec.containers
    .flatMap(({ ports = [] }) => ports)
    .find(({ protocol }) => protocol !== "UDP");
  const named = pod.spec.containers.flatMap(({ ports = [] }) => ports).find((each) => each.name === port);
  const number = port === "" ? (first?.containerPort ?? 80) : (named?.containerPort ?? Number(port));
  if (!(Number.isInteger(number) && number > 0 && number <= PORT_MAX))
    throw badRequest(`pod ${name} has no port ${JSON.stringify(port)}`);
  await proxyTo({ secure: scheme === "https", host: podIP, port: number }, info, exchange);
}

export async function proxyService(
  { info, exchange }: ConnectRequest,
  { cache, random }: StreamingOptions,
): Promise<void> {
  const { scheme, name, port } = parseName(info.name);
  const service = cache.get(Service, info.namespace, name);
  if (!service) throw notFound({ group: "", plural: "services" }, name);
  const ports = service.spec.ports ?? [];
  const wanted =
    port === "" && ports.length === 1
      ? ports[0]
      : ports.find((each: ServicePort) => each.name === port || String(each.port) === port);
  if (!wanted)
    throw serviceUnavailable(
      `no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`,
    );
  const targets: Target[] = [];
  for (const slice of cache.list(EndpointSlice, info.namespace)) {
    if (slice.metadata.labels?.["kubernetes.io/service-name"] !== name) continue;
    const slicePort = slice.ports?.find(
      (each: EndpointPort) => (each.name ?? "") === (wanted.name ?? ""),
    )?.port;
    if (!slicePort) continue;
    for (const { addresses, conditions } of slice.endpoints ?? []) {
      if (conditions?.ready === false || !addresses[0]) continue;
      targets.push({ secure: scheme === "https", host: addresses[0], port: slicePort });
    }
  }
  const target = targets[random.below(Math.max(1, targets.length))];
  if (!target) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  await proxyTo(target, info, exchange);
}

/** Requests to a node's proxy are requests to its kubelet. */
export async function proxyNode(
  { info, exchange }: ConnectRequest,
  { kubelets }: StreamingOptions,
): Promise<void> {
  const { name } = parseName(info.name);
  const path = `/${proxiedPath(info.path).behind ?? ""}${exchange.search === "" ? "" : `?${exchange.search}`}`;
  if (exchange.raw.protocol === "upgrade") {
    const { raw } = exchange;
    const upgraded = await kubelets.upgrade(name, {
      method: exchange.method,
      path,
      headers: forwardedHeaders(raw.request),
      signal: exchange.signal,
    });
    return tunnel(raw.socket, raw.head, upgraded);
  }
  const body = await bodyOf(exchange);
  const headers = requestHeaders(exchange, body);
  const { method, signal } = exchange;
  const response = await kubelets.request(name, { method, path, headers, body, signal });
  await relay(response, exchange, undefined);
}

/** All of it, lest a client that leaves should not be seen to. */
const bodyOf = async (exchange: Exchange): Promise<Uint8Array | undefined> =>
  exchange.method === "GET" || exchange.method === "HEAD"
    ? undefined
    : exchange.readBody(BODY_BYTES_MAX, BODY_MS_MAX);

/** Links of what is proxied are relative to the place behind `proxy/`, so a client must know that it is there. */
function sendBehind(prefix: string, exchange: Exchange): void {
  const query = exchange.search === "" ? "" : `?${exchange.search}`;
  exchange.reply(301, { location: `${prefix}/${query}` }, undefined);
}

async function proxyTo({ secure, host, port }: Target, info: RequestInfo, exchange: Exchange): Promise<void> {
  const { prefix, behind } = proxiedPath(info.path);
  if (!isGlobalUnicast(host)) throw badRequest("address not allowed");
  const { raw } = exchange;
  if (raw.protocol !== "upgrade" && behind === undefined) return sendBehind(prefix, exchange);
  const body =
    raw.protocol === "upgrade" || exchange.method === "GET" || exchange.method === "HEAD"
      ? undefined
      : await exchange.readBody(BODY_BYTES_MAX, BODY_MS_MAX);
  const incoming =
    raw.protocol === "upgrade" ? forwardedHeaders(raw.request) : requestHeaders(exchange, body);
  const options: RequestOptions = {
    host,
    port,
    method: exchange.method,
    path: `/${behind ?? ""}${exchange.search === "" ? "" : `?${exchange.search}`}`,
    headers: { ...incoming, "x-forwarded-uri": prefix },
    signal: exchange.signal,
    timeout: CONNECT_MS_MAX,
  };
  const start = secure
    ? () => endUnlessConnected(httpsRequest({ ...options, rejectUnauthorized: false }))
    : () => endUnlessConnected(httpRequest(options));
  const failed = (cause: Error) => serviceUnavailable(`error trying to reach service: ${cause.message}`);
  if (raw.protocol === "upgrade") {
    return new Promise((resolve, reject) => {
      start()
        .on("upgrade", (response, socket, head) =>
          resolve(tunnel(raw.socket, raw.head, { response, socket, head })),
        )
        .on("response", (response) => {
          reject(badRequest(`the server answered ${response.statusCode} to the upgrade`));
          response.destroy();
        })
        .on("error", (cause) => reject(failed(cause)))
        .end();
    });
  }
  const started = start();
  const answer = answered(started);
  started.end(body);
  const response = await answer.catch((cause: Error) => {
    throw failed(cause);
  });
  await relay(response, exchange, prefix);
}

async function relay(
  response: IncomingMessage,
  exchange: Exchange,
  prefix: string | undefined,
): Promise<void> {
  const headers: Headers = {};
  for (const name of endToEnd(Object.keys(response.headers), response.headers.connection)) {
    const value = response.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  const { location } = response.headers;
  // Only redirects within the proxied server can be followed through the proxy.
  if (location?.startsWith("/") && prefix !== undefined) headers.location = prefix + location;
  const out = exchange.open(statusOf(response), headers);
  out.onClose(() => response.destroy());
  try {
    for await (const chunk of response) if (!out.write(chunk as Buffer)) await drained(out);
    out.end();
  } catch {
    out.destroy();
  }
}
