import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Pod } from "#api/core-v1/pod";
import type { Clock } from "#base/clock";
import { asError } from "#base/attempt";
import { EarlyBytes } from "#base/node/early-bytes";
import { logger } from "#base/log";
import type { Wire } from "#machinery/schema";
import { formatTime } from "#machinery/time";
import type { AttachRequest, ExecRequest, PortForwardRequest } from "../cri/exec.ts";
import type { KubeletAccess } from "./access.ts";
import { readLog } from "./log-reader.ts";
import { tunnelToRuntime, UpgradeRefused, type UpgradeRequest } from "./runtime-tunnel.ts";
import type { StreamTarget, StreamTargets } from "./stream-targets.ts";

const log = logger("kubelet-server");

/** The runtime's part in streaming: each call gives the URL where the streams are served. */
export interface StreamRuntime {
  exec(request: Wire<ExecRequest>): Promise<string>;
  attach(request: Wire<AttachRequest>): Promise<string>;
  portForward(request: Wire<PortForwardRequest>): Promise<string>;
}

export interface ServingPair {
  readonly cert: string;
  readonly key: string;
}

export interface KubeletServerOptions {
  readonly targets: StreamTargets;
  readonly runtime: StreamRuntime;
  readonly access: KubeletAccess;
  readonly clock: Clock;
  /** The authority whose client certificates are believed. */
  readonly clientCa: string;
  readonly serving: ServingPair;
  /** Documents by path, made when asked for: `/metrics`, `/stats/summary`. */
  readonly documents: ReadonlyMap<string, () => Promise<Document>>;
}

export interface Document {
  readonly contentType: string;
  readonly body: string;
}

/** Said to the client as it is, with this HTTP status. */
class Refusal extends Error {
  readonly statusCode: number;
  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** The kubelet's own HTTPS API: what the API server needs for logs, commands and port-forward, and statistics. */
export class KubeletServer {
  readonly #options: KubeletServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(options: KubeletServerOptions) {
    this.#options = options;
    const { clientCa, serving } = options;
    this.#server = createServer(
      { ...serving, ca: clientCa, requestCert: true, rejectUnauthorized: false, keepAliveTimeout: 90_000 },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.on("upgrade", (request, socket, head) => void this.#upgrade({ request, socket, head }));
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  /** Gives the port. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port }, () => {
        const address = this.#server.address();
        resolve(typeof address === "object" && address ? address.port : port);
      });
    });
  }

  /** New connections see this certificate. */
  renew(serving: ServingPair): void {
    this.#server.setSecureContext({ ...serving, ca: this.#options.clientCa });
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { path, query, parts } = await this.#admit(request);
      const [verb = "", ...rest] = parts;
      if (path === "/healthz" || path === "/healthz/ping") return reply(response, 200, "text/plain", "ok");
      if (verb === "containerLogs") return await this.#log(rest, query, request, response);
      if (path === "/pods") return reply(response, 200, "application/json", JSON.stringify(this.#podList()));
      if (["exec", "attach", "portForward"].includes(verb))
        throw new Refusal(400, "Upgrade request required");
      const document = this.#options.documents.get(path);
      if (!document) throw new Refusal(404, "404 page not found");
      const { contentType, body } = await document();
      reply(response, 200, contentType, body);
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      const { status, words } = refusalOf(error);
      reply(response, status, "text/plain", words);
    }
  }

  async #upgrade(client: Omit<UpgradeRequest, "early"> & { readonly head: Buffer }): Promise<void> {
    const { socket } = client;
    socket.on("error", () => socket.destroy());
    const early = new EarlyBytes(socket, client.head);
    const left = new AbortController();
    socket.once("close", () => left.abort());
    try {
      const { query, parts } = await this.#admit(client.request);
      const [verb = "", namespace = "", name = "", ...rest] = parts;
      const target = this.#target(namespace, name);
      const url = await this.#streamUrl(verb, target, rest.at(-1) ?? "", query);
      await tunnelToRuntime({ ...client, early }, url, { signal: left.signal });
    } catch (error) {
      if (left.signal.aborted) return;
      const { status, words } = refusalOf(error);
      refuseUpgrade(client.socket, status, words);
    }
  }

  async #streamUrl(
    verb: string,
    target: StreamTarget,
    container: string,
    query: URLSearchParams,
  ): Promise<string> {
    const { runtime } = this.#options;
    const streams = {
      stdin: isOn(query, "input"),
      stdout: isOn(query, "output"),
      stderr: isOn(query, "error"),
      tty: isOn(query, "tty"),
    };
    switch (verb) {
      case "exec":
        return runtime.exec({
          containerId: runningContainer(target, container),
          cmd: query.getAll("command"),
          ...streams,
        });
      case "attach":
        return runtime.attach({ containerId: runningContainer(target, container), ...streams });
      case "portForward": {
        const { sandboxId, pod } = target;
        if (sandboxId === undefined) throw new Refusal(400, `pod ${pod.metadata.name} is not running`);
        return runtime.portForward({ podSandboxId: sandboxId, port: query.getAll("port").map(Number) });
      }
      default:
        throw new Refusal(404, "404 page not found");
    }
  }

  async #log(
    parts: readonly string[],
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const [namespace = "", name = "", container = ""] = parts;
    const target = this.#target(namespace, name);
    const found = isOn(query, "previous") ? target.previous(container) : target.container(container);
    if (!found) throw noLog(target, container, isOn(query, "previous"));
    const [reader, ended] = [new AbortController(), new AbortController()];
    const stopListening = found.onExit(() => ended.abort());
    request.socket.on("close", () => reader.abort());
    response.on("close", () => reader.abort());
    try {
      const text = readLog(
        { path: found.logPath, ...this.#logOptions(query), ended: ended.signal },
        { signal: reader.signal },
      );
      response.writeHead(200, { "content-type": "text/plain" });
      response.flushHeaders();
      for await (const chunk of text) {
        if (!response.write(chunk))
          await new Promise((resolve) => response.once("drain", resolve).once("close", resolve));
      }
      response.end();
    } finally {
      stopListening();
    }
  }

  #logOptions(query: URLSearchParams) {
    const number = (name: string) => (query.has(name) ? Number(query.get(name)) : undefined);
    const sinceSeconds = number("sinceSeconds");
    const since =
      sinceSeconds === undefined
        ? (query.get("sinceTime") ?? undefined)
        : formatTime(this.#options.clock.now() - sinceSeconds * 1000);
    const stream = (query.get("stream") ?? "All").toLowerCase();
    return {
      follow: isOn(query, "follow"),
      timestamps: isOn(query, "timestamps"),
      since,
      tailLines: number("tailLines"),
      limitBytes: number("limitBytes"),
      stream: stream === "stdout" || stream === "stderr" ? stream : ("all" as const),
    } as const;
  }

  #target(namespace: string, name: string): StreamTarget {
    const target = this.#options.targets.find(namespace, name);
    if (!target) throw new Refusal(404, `pod ${name} not found in namespace ${namespace}`);
    return target;
  }

  #podList() {
    return {
      kind: "PodList",
      apiVersion: Pod.apiVersion,
      metadata: {},
      items: [...this.#options.targets.pods()],
    };
  }

  /** Parses the request and makes sure that its sender may send it. */
  async #admit(request: IncomingMessage): Promise<{ path: string; query: URLSearchParams; parts: string[] }> {
    const { path, query, parts } = targetOf(request.url ?? "/");
    const verdict = await this.#options.access.check(request, subresourceOf(parts[0] ?? ""));
    if (verdict === 401) throw new Refusal(401, "Unauthorized");
    if (verdict === 403)
      throw new Refusal(
        403,
        `Forbidden (verb=${request.method}, resource=nodes, subresource(s)=[${subresourceOf(parts[0] ?? "")}])`,
      );
    return { path, query, parts };
  }
}

interface RequestTarget {
  readonly path: string;
  readonly query: URLSearchParams;
  /** Of the path, each decoded. */
  readonly parts: string[];
}

function targetOf(url: string): RequestTarget {
  try {
    const { pathname: path, searchParams: query } = new URL(url, "https://kubelet");
    return { path, query, parts: path.split("/").slice(1).map(decodeURIComponent) };
  } catch {
    throw new Refusal(400, "Bad Request");
  }
}

function subresourceOf(first: string): string {
  return ["stats", "metrics", "pods", "healthz", "configz"].includes(first) ? first : "proxy";
}

const isOn = (query: URLSearchParams, name: string): boolean => ["1", "true"].includes(query.get(name) ?? "");

function runningContainer(target: StreamTarget, name: string): string {
  const container = target.container(name);
  if (!container?.running) throw new Refusal(400, `container not found ("${name}")`);
  return container.id;
}

function noLog(target: StreamTarget, container: string, previous: boolean): Refusal {
  const { name } = target.pod.metadata;
  if (previous)
    return new Refusal(400, `previous terminated container "${container}" in pod "${name}" not found`);
  const words = `container "${container}" in pod "${name}" is waiting to start: ${target.waitingReason(container)}`;
  return new Refusal(400, words);
}

function refusalOf(error: unknown): { readonly status: number; readonly words: string } {
  if (error instanceof Refusal || error instanceof UpgradeRefused)
    return { status: error.statusCode, words: error.message };
  const { message } = asError(error);
  log.warn("request failed", { error });
  return { status: 500, words: message };
}

function reply(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

function refuseUpgrade(socket: Duplex, status: number, words: string): void {
  const head = [
    `HTTP/1.1 ${status} Refused`,
    "content-type: text/plain",
    `content-length: ${Buffer.byteLength(words)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${words}`);
}
