/** Asks a webhook that a kubeconfig file names: it gets a review and gives it back with a status. */
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, sleep } from "#base/clock";
import type { Random } from "#base/random";
import { parseKubeconfig, resolveContext } from "#client/kubeconfig";
import { HttpsTransport } from "#client/node/https-transport";
import { connectionOf } from "#client/node/kubeconfig-transport";
import { encodeJson, parseJson } from "#machinery/json";
import { isObject } from "#machinery/patch/merge-patch";
import { bytesOf } from "../http/outgoing-request.ts";
import { statusText } from "./transport-errors.ts";

const ANSWER_BYTES_MAX = 1024 * 1024;
const TRIES = 5;
const FIRST_PAUSE_MS = 500;
const PAUSE_FACTOR = 1.5;

/** A webhook that could not be asked, or that gave no review. */
export class ReviewFailure extends Error {
  override readonly name = "ReviewFailure";
  /** Of the answer; 0 when there was none. */
  readonly code: number;
  constructor(message: string, code: number, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface ReviewClientOptions {
  /** A kubeconfig; its current context says where the webhook is, and who this server is to it. */
  readonly kubeconfigFile: string;
  /** One try takes at most this. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

type Review = Readonly<Record<string, unknown>>;

export class ReviewClient {
  readonly #options: ReviewClientOptions;
  readonly #transport: HttpsTransport;
  readonly #url: URL;

  private constructor(options: ReviewClientOptions, transport: HttpsTransport, url: URL) {
    this.#options = options;
    this.#transport = transport;
    this.#url = url;
  }

  /** Throws an Error when the file cannot be used. */
  static async open(options: ReviewClientOptions): Promise<ReviewClient> {
    const { kubeconfigFile: path, clock, random } = options;
    const config = parseKubeconfig(await readFile(path, "utf8"));
    const connection = connectionOf(resolveContext(config), dirname(path));
    const url = new URL(connection.servers[0]!);
    if (url.protocol !== "https:") throw new Error(`${path}: the webhook's server has to be an https URL`);
    const transport = new HttpsTransport({ ...connection, servers: [url.origin], clock, random });
    return new ReviewClient(options, transport, url);
  }

  close(): void {
    this.#transport.close();
  }

  /** The review that came back. Tries again where that may help. Throws ReviewFailure. */
  async ask(review: Review): Promise<Review> {
    const body = encodeJson(review);
    let pauseMs = FIRST_PAUSE_MS;
    for (let tries = 1; ; tries++) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one try after the other
        return answered(review, await this.#post(body));
      } catch (error) {
        if (!(error instanceof ReviewFailure) || tries >= TRIES || !mayHelp(error)) throw error;
      }
      // oxlint-disable-next-line no-await-in-loop -- the webhook gets time to come back
      await sleep(this.#options.clock, pauseMs);
      pauseMs *= PAUSE_FACTOR;
    }
  }

  async #post(body: Uint8Array): Promise<string> {
    const { clock, timeoutMs } = this.#options;
    const deadline = new AbortController();
    const cancel = clock.after(timeoutMs, () => deadline.abort());
    const query = { timeout: `${timeoutMs / 1000}s` };
    const headers = { "Content-Type": "application/json" };
    try {
      const { status, body: answer } = await this.#transport.raw(
        { method: "POST", path: this.#url.pathname, query, headers, body },
        { signal: deadline.signal },
      );
      const text = (await bytesOf(answer, ANSWER_BYTES_MAX)).toString("utf8");
      if (status < 200 || status >= 300) throw new ReviewFailure(statusText(status, text), status);
      return text;
    } catch (cause) {
      if (cause instanceof ReviewFailure) throw cause;
      const why = deadline.signal.aborted ? "context deadline exceeded" : (cause as Error).message;
      throw new ReviewFailure(
        `Post ${JSON.stringify(`${this.#url.href}?timeout=${query.timeout}`)}: ${why}`,
        0,
        { cause },
      );
    } finally {
      cancel();
    }
  }
}

/** A lost connection, too much to do, and a fault of the webhook's own may pass. */
const mayHelp = ({ code }: ReviewFailure): boolean => code === 0 || code === 429 || code >= 500;

/** The status is what counts; kind and version are those that were sent. */
function answered(sent: Review, text: string): Review {
  let answer: unknown;
  try {
    answer = parseJson(text);
  } catch (cause) {
    throw new ReviewFailure(`the answer is no JSON: ${(cause as Error).message}`, 200, { cause });
  }
  if (!isObject(answer) || answer.kind !== sent.kind || answer.apiVersion !== sent.apiVersion)
    throw new ReviewFailure(`the answer is no ${String(sent.kind)} of ${String(sent.apiVersion)}`, 200);
  return answer;
}
