/** The requests that become a connection: commands in containers, forwarded ports, logs and proxies. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Random } from "#base/random";
import { badRequest } from "#machinery/status";
import { isTrue } from "../request/request-info.ts";
import type { ReadCache, RequestInfo } from "../contracts.ts";
import type { Exchange } from "../http/exchange.ts";
import type { KubeletConnections } from "./kubelet-connection.ts";
import { serveLog } from "./pod-log.ts";
import { containerOf, nodeOf, podOf } from "./pod-target.ts";
import * as portForward from "./port-forward.ts";
import { proxyNode, proxyPod, proxyService } from "./proxy.ts";
import * as remoteCommand from "./remote-command.ts";
import { forwardedHeaders, tunnel } from "./tunnel.ts";
import { isWebSocket } from "./web-socket.ts";

export interface ConnectRequest {
  readonly info: RequestInfo;
  readonly exchange: Exchange;
}

export interface StreamingOptions {
  readonly cache: ReadCache;
  readonly kubelets: KubeletConnections;
  readonly random: Random;
}

/** Answers on the exchange, or throws a StatusError before anything was sent. */
export type ConnectHandler = (request: ConnectRequest) => Promise<void>;

/** By `resource/subresource` of the core group. */
export function connectHandlers(options: StreamingOptions): ReadonlyMap<string, ConnectHandler> {
  const command = (kind: "exec" | "attach") => (request: ConnectRequest) =>
    serveCommand(kind, request, options);
  return new Map<string, ConnectHandler>([
    ["pods/log", (request) => serveLog(request, options)],
    ["pods/exec", command("exec")],
    ["pods/attach", command("attach")],
    ["pods/portforward", (request) => servePortForward(request, options)],
    ["pods/proxy", (request) => proxyPod(request, options)],
    ["services/proxy", (request) => proxyService(request, options)],
    ["nodes/proxy", (request) => proxyNode(request, options)],
  ]);
}

interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

function upgradeOf({ raw }: Exchange): UpgradeRequest {
  if (raw.protocol !== "upgrade") throw badRequest("Upgrade request required");
  return raw;
}

const isOn = (query: URLSearchParams, name: string): boolean => isTrue(query.get(name));

async function serveCommand(
  kind: "exec" | "attach",
  { info, exchange }: ConnectRequest,
  { cache, kubelets }: StreamingOptions,
): Promise<void> {
  const pod = podOf(cache, info);
  const container = containerOf(pod, info.query.get("container"));
  const node = nodeOf(pod);
  const [stdin, stdout, stderr, tty] = ["stdin", "stdout", "stderr", "tty"].map((name) =>
    isOn(info.query, name),
  ) as [boolean, boolean, boolean, boolean];
  if (!stdin && !stdout && !stderr) throw badRequest("you must specify at least 1 of stdin, stdout, stderr");
  const command = info.query.getAll("command");
  if (kind === "exec" && command.length === 0)
    throw badRequest("you must specify at least 1 command for the container");

  const query = new URLSearchParams([
    ...command.map((word) => ["command", word]),
    ...(stdin ? [["input", "1"]] : []),
    ...(stdout ? [["output", "1"]] : []),
    ...(stderr && !tty ? [["error", "1"]] : []),
    ...(tty ? [["tty", "1"]] : []),
  ] as [string, string][]);
  const path = `/${kind}/${info.namespace}/${info.name}/${container}?${query}`;
  const client = upgradeOf(exchange);
  const { signal } = exchange;
  const protocol = isWebSocket(client.request) ? remoteCommand.commandProtocol(client.request) : undefined;
  if (protocol === undefined) {
    // SPDY, and WebSocket protocols of old, are the kubelet's to answer.
    const headers = forwardedHeaders(client.request);
    const upgraded = await kubelets.upgrade(node, {
      method: client.request.method ?? "POST",
      path,
      headers,
      signal,
    });
    return tunnel(client.socket, client.head, upgraded);
  }
  const upgraded = await kubelets.upgrade(node, {
    method: "POST",
    path,
    headers: remoteCommand.SPDY_HEADERS,
    signal,
  });
  await remoteCommand.serveCommand(client, protocol, upgraded, { stdin, stdout, stderr, tty });
}

async function servePortForward(
  { info, exchange }: ConnectRequest,
  { cache, kubelets }: StreamingOptions,
): Promise<void> {
  const node = nodeOf(podOf(cache, info));
  const ports = new URLSearchParams(info.query.getAll("ports").map((port) => ["port", port]));
  const path = `/portForward/${info.namespace}/${info.name}?${ports}`;
  const client = upgradeOf(exchange);
  const { signal } = exchange;
  if (portForward.isTunnelled(client.request)) {
    const upgraded = await kubelets.upgrade(node, {
      method: "POST",
      path,
      headers: portForward.SPDY_HEADERS,
      signal,
    });
    return portForward.serveTunnelled(client, upgraded);
  }
  const headers = forwardedHeaders(client.request);
  const method = client.request.method ?? "POST";
  const upgraded = await kubelets.upgrade(node, { method, path, headers, signal });
  tunnel(client.socket, client.head, upgraded);
}
