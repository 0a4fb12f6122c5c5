/** A webhook in this process, which the API server reaches by its URL or, as a pod would be, by a Service. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { AdmissionregistrationV1WebhookClientConfig } from "@kubernetes/client-node";
import { certificateFor, serviceFromHere } from "./service-from-here.ts";
import type { ConformanceContext } from "./suite.ts";

const SERVICE_PORT = 8443;

/** What was sent: a test says what it expects. */
// oxlint-disable-next-line typescript/no-explicit-any -- reviews of every kind are looked at
export type Json = any;

/** Answers the request of a review: the members of the response besides its uid. */
export type Answering = (request: Json) => object | Promise<object>;

export class WebhookServer {
  /** Base64, as configurations have it. */
  readonly caBundle: string;
  /** Requests so far, with the path that they came to. */
  readonly asked: { readonly path: string; readonly request: Json }[] = [];
  readonly #answers = new Map<string, Answering>();
  readonly #context: ConformanceContext;
  readonly #service: string;
  readonly #port: number;

  constructor(context: ConformanceContext, service: string, ca: string, server: Server) {
    this.#context = context;
    this.#service = service;
    this.caBundle = Buffer.from(ca).toString("base64");
    this.#port = (server.address() as AddressInfo).port;
    server.on("request", (incoming: IncomingMessage, response: ServerResponse) => {
      this.#serve(incoming, response).catch(() => response.destroy());
    });
  }

  /** Starts one with a Service before it; both end with the test. */
  static async start(context: ConformanceContext): Promise<WebhookServer> {
    const name = "webhook";
    const { ca, ...pair } = certificateFor(`${name}.${context.namespace}.svc`);
    const server = createServer(pair).listen(0);
    await once(server, "listening");
    context.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    const webhook = new WebhookServer(context, name, ca, server);
    await serviceFromHere(context, name, SERVICE_PORT, webhook.#port);
    return webhook;
  }

  /** From now on requests to this path are answered so. */
  answer(path: string, answering: Answering): void {
    this.#answers.set(path, answering);
  }

  /** By its Service. */
  byService(path: string): AdmissionregistrationV1WebhookClientConfig {
    const { namespace } = this.#context;
    const service = { namespace, name: this.#service, path, port: SERVICE_PORT };
    return { service, caBundle: this.caBundle };
  }

  /** By its address. */
  byUrl(path: string): AdmissionregistrationV1WebhookClientConfig {
    return { url: `https://127.0.0.1:${this.#port}${path}`, caBundle: this.caBundle };
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks = await Array.fromAsync(incoming as AsyncIterable<Buffer>);
    const { apiVersion, kind, request } = JSON.parse(Buffer.concat(chunks).toString()) as Json;
    const path = new URL(incoming.url!, "https://webhook").pathname;
    this.asked.push({ path, request });
    const answering = this.#answers.get(path);
    if (!answering) return void response.writeHead(404).end();
    const members = await answering(request);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ apiVersion, kind, response: { uid: request.uid, ...members } }));
  }
}
