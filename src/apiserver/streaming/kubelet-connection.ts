import type { IncomingMessage } from "node:http";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import type { Node } from "#api/core-v1/node";
import { badRequest, internalError, notFound, serviceUnavailable, StatusError } from "#machinery/status";
import type { ReadCache } from "../contracts.ts";
import { Node as NodeKind } from "#api/core-v1/node";
import { answered, statusOf } from "../http/outgoing-request.ts";
import { CONNECT_MS_MAX, endUnlessConnected } from "./connect-timeout.ts";

/** How the API server proves to kubelets who it is; read anew for each connection, since certificates are renewed. */
export interface KubeletCredentials {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface KubeletRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: Uint8Array | undefined;
  readonly signal?: AbortSignal;
}

/** A connection that has changed its protocol. */
export interface Upgraded {
  readonly response: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Where node addresses are looked up, in this order. */
const ADDRESS_TYPES = ["InternalIP", "ExternalIP", "Hostname"];
const KUBELET_PORT = 10250;
const ERROR_BYTES_MAX = 16 * 1024;

/** Reaches the kubelets of the cluster's nodes. */
export class KubeletConnections {
  readonly #cache: ReadCache;
  readonly #credentials: () => KubeletCredentials;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 4 });

  constructor(cache: ReadCache, credentials: () => KubeletCredentials) {
    this.#cache = cache;
    this.#credentials = credentials;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** The answer, whose body is still to be read. Refusals of the kubelet become StatusErrors with its words. */
  async request(nodeName: string, { signal, body, ...what }: KubeletRequest): Promise<IncomingMessage> {
    const options = { ...this.#options(nodeName, what), agent: this.#agent, signal };
    const started = endUnlessConnected(httpsRequest(options));
    const response = await answered(started.end(body)).catch((cause: Error) => {
      throw unreachable(nodeName, cause);
    });
    if (statusOf(response) >= 400) throw await refusal(nodeName, response);
    return response;
  }

  /** Asks for another protocol on the connection. */
  upgrade(nodeName: string, { signal, ...what }: Omit<KubeletRequest, "body">): Promise<Upgraded> {
    const options = { ...this.#options(nodeName, what), agent: false as const, signal };
    return new Promise((resolve, reject) => {
      endUnlessConnected(httpsRequest(options))
        .on("upgrade", (response, socket, head) => {
          // It may break before anybody has taken it over.
          socket.on("error", () => undefined);
          resolve({ response, socket, head });
        })
        .on("response", (response) => {
          void refusal(nodeName, response).then(reject);
        })
        .on("error", (cause) => reject(unreachable(nodeName, cause)))
        .end();
    });
  }

  #options(
    nodeName: string,
    { method, path, headers }: Omit<KubeletRequest, "signal" | "body">,
  ): RequestOptions {
    const node = this.#cache.get(NodeKind, undefined, nodeName);
    if (!node) throw notFound({ group: "", plural: "nodes" }, nodeName);
    const { host, port } = addressOf(node);
    const { ca, cert, key } = this.#credentials();
    return {
      host,
      port,
      method,
      path,
      headers,
      ca,
      cert,
      key,
      servername: nodeName,
      checkServerIdentity: (_host, { subject }) => notKubelet(nodeName, subject.CN),
      timeout: CONNECT_MS_MAX,
    };
  }
}

/**
 * A kubelet's certificate names its node, whatever address it has. A node says itself where it is reached: it must not
 * lead our own credentials to anybody else who holds a certificate of the cluster, such as this API server.
 */
const notKubelet = (node: string, name: string | string[] | undefined): Error | undefined =>
  name === `system:node:${node}`
    ? undefined
    : new Error(`the certificate of ${String(name)} is not that of node ${node}`);

function addressOf({ metadata, status }: Node): { readonly host: string; readonly port: number } {
  const addresses = status.addresses ?? [];
  const known = ADDRESS_TYPES.map((type) => addresses.find((address) => address.type === type)).find(
    (address) => address,
  );
  if (!known) throw serviceUnavailable(`no preferred addresses found for node ${metadata.name}`);
  return { host: known.address, port: status.daemonEndpoints?.kubeletEndpoint?.Port || KUBELET_PORT };
}

const unreachable = (node: string, cause: Error): StatusError =>
  serviceUnavailable(`error trying to reach the kubelet of node ${node}: ${cause.message}`);

/** Why the kubelet did not do as it was asked, in its own words. Never fails. */
async function refusal(node: string, response: IncomingMessage): Promise<StatusError> {
  const { statusCode = 0 } = response;
  const words = (await beginningOf(response)).trim() || `the kubelet answered ${statusCode}`;
  if (statusCode === 400 || statusCode === 404) return badRequest(words);
  if (statusCode === 401 || statusCode === 403 || isOwnFault(statusCode))
    return internalError(new Error(words));
  // No answer to what was asked: whatever serves there is no kubelet that we know.
  return serviceUnavailable(`the kubelet of node ${node} answered ${statusCode}: ${words}`);
}

const isOwnFault = (status: number): boolean => status >= 500 && status <= 599;

/** As much of a text as a message may have; of one that breaks off, what came. */
async function beginningOf(response: IncomingMessage): Promise<string> {
  let text = "";
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > ERROR_BYTES_MAX) break;
    }
  } catch {
    // What has come says enough.
  }
  return text.slice(0, ERROR_BYTES_MAX);
}
