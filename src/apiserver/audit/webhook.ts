/** Events for a collector: POSTed as an `audit.k8s.io/v1` EventList to the server that a kubeconfig file names. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { dirname } from "node:path";
import { type Clock, sleep } from "#base/clock";
import type { Random } from "#base/random";
import { parseKubeconfig, resolveContext } from "#client/kubeconfig";
import { type Connection, connectionOf } from "#client/node/kubeconfig-transport";
import type { AuditEvent } from "./audit-event.ts";

export interface AuditWebhookOptions {
  readonly kubeconfigFile: string;
  /** Wait before the second try of one delivery; later ones wait longer. */
  readonly initialBackoffMs: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Ends what is being tried. */
  readonly signal: AbortSignal;
}

const TRIES = 5;
const BACKOFF_FACTOR = 1.5;
const BACKOFF_JITTER = 0.2;
/** One try takes at most this. */
const ANSWER_MS_MAX = 30_000;

/** The collector said no, or nothing. */
class Undelivered extends Error {
  override readonly name = "Undelivered";
  readonly mayPass: boolean;
  constructor(message: string, mayPass: boolean, options?: ErrorOptions) {
    super(message, options);
    this.mayPass = mayPass;
  }
}

export class AuditWebhook {
  readonly #options: AuditWebhookOptions;
  readonly #connection: Connection;
  readonly #url: URL;
  readonly #agent: HttpAgent;

  private constructor(options: AuditWebhookOptions, connection: Connection, url: URL) {
    this.#options = options;
    this.#connection = connection;
    this.#url = url;
    const { ca, cert, key, serverName, insecure = false } = connection.tls;
    this.#agent =
      url.protocol === "https:"
        ? new HttpsAgent({
            keepAlive: true,
            ca,
            cert,
            key,
            ...(serverName ? { servername: serverName } : {}),
            rejectUnauthorized: !insecure,
          })
        : new HttpAgent({ keepAlive: true });
  }

  /** Throws an Error when the file cannot be used. */
  static async open(options: AuditWebhookOptions): Promise<AuditWebhook> {
    const { kubeconfigFile: path } = options;
    const config = parseKubeconfig(await readFile(path, "utf8"));
    const connection = connectionOf(resolveContext(config), dirname(path));
    const url = new URL(connection.servers[0]!);
    if (url.protocol !== "https:" && url.protocol !== "http:")
      throw new Error(`${path}: the webhook's server has to be an https or http URL`);
    return new AuditWebhook(options, connection, url);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Tries again where that may help. Rejects with what went wrong last. */
  readonly deliver = async (events: readonly AuditEvent[]): Promise<void> => {
    const { clock, random, initialBackoffMs, signal } = this.#options;
    const items = events.map(({ json }) => json).join(",");
    const body = `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${items}]}`;
    let pauseMs = initialBackoffMs;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#post(body);
      } catch (error) {
        const again = error instanceof Undelivered && error.mayPass && tries < TRIES && !signal.aborted;
        if (!again) throw error;
      }
      await sleep(clock, pauseMs * (1 + random.next() * BACKOFF_JITTER), { signal });
      pauseMs *= BACKOFF_FACTOR;
    }
  };

  async #post(body: string): Promise<void> {
    const { clock } = this.#options;
    const { protocol, href } = this.#url;
    const limit = new AbortController();
    const cancel = clock.after(ANSWER_MS_MAX, () =>
      limit.abort(new Error("the webhook did not answer in time")),
    );
    try {
      const send = protocol === "https:" ? httpsRequest : httpRequest;
      const request = send(href, {
        method: "POST",
        agent: this.#agent,
        signal: limit.signal,
        headers: { "content-type": "application/json", ...(await this.#authorization()) },
      });
      request.end(body);
      const [response] = (await once(request, "response")) as [IncomingMessage];
      response.resume();
      await once(response, "end");
      const { statusCode = 0 } = response;
      if (statusCode >= 200 && statusCode < 300) return;
      throw new Undelivered(`the webhook answered ${statusCode}`, statusCode === 429 || statusCode >= 500);
    } catch (error) {
      if (error instanceof Undelivered) throw error;
      throw new Undelivered(`the webhook cannot be reached: ${(error as Error).message}`, true, {
        cause: error,
      });
    } finally {
      cancel();
    }
  }

  /** A token in a file may be replaced at any time. */
  async #authorization(): Promise<{ readonly authorization?: string }> {
    const { token, tokenFile } = this.#connection;
    const text = token ?? (tokenFile === undefined ? undefined : (await readFile(tokenFile, "utf8")).trim());
    return text === undefined ? {} : { authorization: `Bearer ${text}` };
  }
}
