/** A webhook in this process, which the API server reaches by its URL or, as a pod would be, by a Service. */
import { webcrypto } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import "reflect-metadata";
import {
  type AdmissionregistrationV1WebhookClientConfig,
  CoreV1Api,
  DiscoveryV1Api,
} from "@kubernetes/client-node";
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { ConformanceContext } from "./suite.ts";

const DAY_MS = 86_400_000;
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
    const pair = await certificateFor(`${name}.${context.namespace}.svc`);
    const server = createServer(pair).listen(0);
    await once(server, "listening");
    context.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    const webhook = new WebhookServer(context, name, pair.cert, server);
    await webhook.#publish();
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

  async #publish(): Promise<void> {
    const { api, namespace } = this.#context;
    const name = this.#service;
    await api(CoreV1Api).createNamespacedService({
      namespace,
      body: { metadata: { name }, spec: { ports: [{ name: "https", port: SERVICE_PORT, protocol: "TCP" }] } },
    });
    await api(DiscoveryV1Api).createNamespacedEndpointSlice({
      namespace,
      body: {
        metadata: { name, labels: { "kubernetes.io/service-name": name } },
        addressType: "IPv4",
        ports: [{ name: "https", port: this.#port, protocol: "TCP" }],
        endpoints: [{ addresses: [await this.#ownAddress()], conditions: { ready: true } }],
      },
    });
  }

  /** Of this machine, as the cluster knows it: the API server is on it. */
  async #ownAddress(): Promise<string> {
    const query = { namespace: "default", labelSelector: "kubernetes.io/service-name=kubernetes" };
    const { items } = await this.#context.api(DiscoveryV1Api).listNamespacedEndpointSlice(query);
    return items[0]!.endpoints![0]!.addresses[0]!;
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

/** For a service and for loopback; it is its own authority. */
async function certificateFor(host: string): Promise<{ cert: string; key: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
  const made = await X509CertificateGenerator.createSelfSigned(
    {
      name: "CN=webhook",
      keys,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(true),
        new SubjectAlternativeNameExtension([
          { type: "ip", value: "127.0.0.1" },
          { type: "dns", value: host },
        ]),
      ],
    },
    webcrypto as Crypto,
  );
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    cert: made.toString("pem"),
    key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  };
}
