import { Agent, type RequestOptions, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import { stringifyJson } from "#machinery/json";
import type { ReadCache } from "../contracts.ts";
import { answered, bytesOf } from "../http/outgoing-request.ts";
import { endpointOf } from "./endpoint.ts";
import type { Target } from "./target.ts";
import { causeText, statusText } from "./transport-errors.ts";

/** A certificate and its key, PEM. */
export interface ClientCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface WebhookClientOptions {
  readonly cache: ReadCache;
  readonly clock: Clock;
  readonly random: Random;
  /** How the server proves to webhooks who it is, by the host and port of their URL; read anew for each connection. */
  readonly certificateFor?: (host: string) => ClientCertificate | undefined;
  /** Of one answer; by default as much as a changed object may need. */
  readonly answerBytesMax?: number;
}

/** An answer could not be had; the message says why, and where it was looked for. */
export class UnreachableWebhook extends Error {
  override readonly name = "UnreachableWebhook";
}

/** Connections to one webhook that are open at once; further calls wait for one. */
const CONNECTIONS_MAX = 64;
const IDLE_CONNECTIONS_MAX = 8;
const IDLE_MS_MAX = 90_000;
/** An object may have 3 MiB, and a patch says it in base64. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

/** Asks webhooks over HTTPS. Never follows redirects. */
export class WebhookClient {
  readonly #options: WebhookClientOptions;
  readonly #agent = new Agent({
    keepAlive: true,
    maxSockets: CONNECTIONS_MAX,
    maxFreeSockets: IDLE_CONNECTIONS_MAX,
    timeout: IDLE_MS_MAX,
  });

  constructor(options: WebhookClientOptions) {
    this.#options = options;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** The bytes of the answer. Throws UnreachableWebhook for everything but a 200. */
  async post(target: Target, body: object, timeoutSeconds: number): Promise<Uint8Array> {
    const shown = `${target.text}?timeout=${timeoutSeconds}s`;
    const bytes = Buffer.from(stringifyJson(body));
    const deadline = new AbortController();
    const cancel = this.#options.clock.after(timeoutSeconds * 1000, () => deadline.abort());
    try {
      const options = this.#requestOptions(target, timeoutSeconds, bytes.length);
      const { answerBytesMax = ANSWER_BYTES_MAX } = this.#options;
      return await exchange({ options, body: bytes, answerBytesMax, signal: deadline.signal });
    } catch (cause) {
      if (cause instanceof UnreachableWebhook) throw cause;
      const why = deadline.signal.aborted ? "context deadline exceeded" : causeText(cause);
      throw new UnreachableWebhook(`Post ${JSON.stringify(shown)}: ${why}`, { cause });
    } finally {
      cancel();
    }
  }

  #requestOptions({ url, service, ca }: Target, timeoutSeconds: number, length: number): RequestOptions {
    const hostname = url.hostname.replace(/^\[|\]$/g, "");
    const direct = { host: hostname, port: url.port === "" ? 443 : Number(url.port) };
    const { host, port } = service ? endpointOf(service, this.#options) : direct;
    const own = this.#options.certificateFor?.(url.host);
    return {
      agent: this.#agent,
      method: "POST",
      host,
      port,
      path: `${url.pathname}?timeout=${timeoutSeconds}s`,
      headers: {
        host: url.host,
        accept: "application/json",
        "content-type": "application/json",
        "content-length": length,
        "user-agent": "kube-apiserver-admission",
      },
      // The name that the certificate must have, whoever answers. An address is no name to ask for.
      ...(isIP(hostname) ? {} : { servername: hostname }),
      ...(ca === undefined ? {} : { ca }),
      ...(own ? { cert: own.certificate, key: own.key } : {}),
    };
  }
}

interface Exchange {
  readonly options: RequestOptions;
  readonly body: Buffer;
  readonly answerBytesMax: number;
  readonly signal: AbortSignal;
}

/** Once more where a kept connection had been closed by the other side just before it was used. */
async function exchange(asked: Exchange): Promise<Uint8Array> {
  try {
    return await attempt(asked);
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error;
    return await attempt({ ...asked, options: { ...asked.options, agent: false } });
  }
}

class StaleConnection extends Error {}

async function attempt({ options, body, answerBytesMax, signal }: Exchange): Promise<Uint8Array> {
  const sent = request({ ...options, signal });
  const answer = answered(sent);
  sent.end(body);
  const response = await answer.catch((error: NodeJS.ErrnoException) => {
    throw sent.reusedSocket && error.code === "ECONNRESET" ? new StaleConnection() : error;
  });
  return answerOf(response, answerBytesMax);
}

async function answerOf(response: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  const bytes = await bytesOf(response, bytesMax);
  const { statusCode = 0 } = response;
  if (statusCode < 200 || statusCode > 206)
    throw new UnreachableWebhook(statusText(statusCode, bytes.toString("utf8")));
  return bytes;
}
