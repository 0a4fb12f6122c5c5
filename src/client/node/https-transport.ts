import type { IncomingMessage } from "node:http";
import { type Clock, sleep } from "#base/clock";
import type { Random } from "#base/random";
import { parseJson } from "#machinery/json";
import type { AnyObject } from "#machinery/schema";
import { errorOf, listPageOf, watchEventOf } from "../answers.ts";
import { lines } from "../lines.ts";
import { pathOf } from "../paths.ts";
import type {
  Call,
  CallOptions,
  ListPage,
  ListScope,
  RawRequest,
  RawResponse,
  Transport,
  Watch,
  WatchEvent,
} from "../transport.ts";
import { accepts, wireOf, withQuery } from "../wire.ts";
import { ConnectionError, Connections, type WireRequest } from "./connection.ts";
import { BearerToken, type TlsMaterial } from "./credentials.ts";
import { Servers } from "./servers.ts";

/** An answer takes at most this long; lists may. */
const ANSWER_MS_MAX = 60_000;
/** A server that says "later" is asked again so often. */
const LATER_TRIES_MAX = 10;
const LATER_MS_MAX = 30_000;
/** Between two tries after a lost connection. */
const RECONNECT_MS = 100;
/** Tries on each server before a lost connection is told to the caller. */
const ROUNDS = 2;
/** Servers send a bookmark about every minute: a watch that is silent for longer has lost its server. */
const SILENCE_MS_MAX = 150_000;
/** Watches end by themselves after five to ten minutes, so that clients spread over servers again. */
const WATCH_SECONDS_MIN = 300;

export interface HttpsTransportOptions {
  /** Base URLs of API servers that stand in for each other. */
  readonly servers: readonly string[];
  /** Asked before each request; another object than before makes new connections, as after a renewal. */
  readonly tls?: TlsMaterial | (() => TlsMaterial);
  readonly token?: string;
  /** A file with the token, which may be replaced at any time. */
  readonly tokenFile?: string;
  readonly userAgent?: string;
  readonly answerMsMax?: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** The way to an API server in another process: HTTP/1.1 over TLS with kept connections. No rate limit of its own. */
export class HttpsTransport implements Transport {
  readonly #servers: Servers;
  readonly #connections: Connections;
  readonly #token: BearerToken;
  readonly #userAgent: string;
  readonly #answerMsMax: number;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: HttpsTransportOptions) {
    const { servers, tls = {}, clock, random, userAgent = "k8ts", answerMsMax = ANSWER_MS_MAX } = options;
    this.#servers = new Servers(servers);
    this.#connections = new Connections(typeof tls === "function" ? tls : () => tls);
    this.#token = new BearerToken(options, clock);
    this.#userAgent = userAgent;
    this.#answerMsMax = answerMsMax;
    this.#clock = clock;
    this.#random = random;
  }

  /** Ends all connections. */
  close(): void {
    this.#connections.close();
  }

  async call<T extends AnyObject>(call: Call<T>, { signal }: CallOptions = {}): Promise<unknown> {
    const text = await this.#answer({ ...wireOf(call), path: withQuery(pathOf(call), call.query) }, signal);
    return text === "" ? undefined : parseJson(text);
  }

  async list<T extends AnyObject>(scope: ListScope<T>, { signal }: CallOptions = {}): Promise<ListPage<T>> {
    const path = withQuery(pathOf(scope), scope.query);
    const text = await this.#answer({ method: "GET", path, headers: accepts(scope, "List") }, signal);
    return listPageOf(scope.resource, text);
  }

  async *watch<T extends AnyObject>(
    watch: Watch<T>,
    { signal }: { readonly signal: AbortSignal },
  ): AsyncGenerator<WatchEvent<T>> {
    const seconds = WATCH_SECONDS_MIN + this.#random.below(WATCH_SECONDS_MIN);
    const query = {
      timeoutSeconds: String(seconds),
      ...watch.query,
      watch: "true",
      allowWatchBookmarks: "true",
      ...(watch.resourceVersion === "" ? {} : { resourceVersion: watch.resourceVersion }),
      ...(watch.initialEvents ? { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" } : {}),
    };
    const request = { method: "GET", path: withQuery(pathOf(watch), query), headers: accepts(watch, "") };
    const silence = new AbortController();
    const answer = await this.#send(request, AbortSignal.any([signal, silence.signal]));
    if (answer.statusCode !== 200) throw errorOf(answer.statusCode ?? 0, await textOf(answer));
    const hearing = this.#endSilence(silence);
    try {
      for await (const line of lines(noting(answer, hearing.heard)))
        if (line !== "") yield watchEventOf<T>(line);
    } finally {
      hearing.stop();
      answer.destroy();
    }
  }

  /** Aborts when nothing has come for too long; looks now and then, so that an event costs nothing. */
  #endSilence(silence: AbortController): { readonly heard: () => void; readonly stop: () => void } {
    let heardMs = this.#clock.monotonic();
    const look = (): void => {
      const silentMs = this.#clock.monotonic() - heardMs;
      if (silentMs >= SILENCE_MS_MAX) silence.abort(new Error(`nothing was heard for ${silentMs} ms`));
      else cancel = this.#clock.after(SILENCE_MS_MAX / 2, look);
    };
    let cancel = this.#clock.after(SILENCE_MS_MAX / 2, look);
    return { heard: () => (heardMs = this.#clock.monotonic()), stop: () => cancel() };
  }

  async raw(
    { method, path, query, headers = {}, body }: RawRequest,
    { signal }: CallOptions = {},
  ): Promise<RawResponse> {
    const answer = await this.#send({ method, path: withQuery(path, query), headers, body }, signal);
    const flat = Object.entries(answer.headers).map(([name, value]) => [name, [value].flat().join(", ")]);
    return { status: answer.statusCode ?? 0, headers: Object.fromEntries(flat), body: answer };
  }

  /** The body of an answer that says yes; otherwise its error. A server that says "later" has answered. */
  async #answer(request: WireRequest, signal: AbortSignal | undefined): Promise<string> {
    for (let later = 0; ; later++) {
      const { code, text, waitMs } = await this.#answerInTime(request, signal);
      if (waitMs === undefined || later >= LATER_TRIES_MAX) {
        if (code >= 400) throw errorOf(code, text);
        return text;
      }
      await sleep(this.#clock, waitMs, signal ? { signal } : {});
    }
  }

  async #answerInTime(request: WireRequest, signal: AbortSignal | undefined) {
    const late = new AbortController();
    const cancel = this.#clock.after(this.#answerMsMax, () => {
      late.abort(new Error(`no answer within ${this.#answerMsMax} ms`));
      // Whatever else runs over these connections is as dead.
      this.#servers.failed(this.#servers.current);
      this.#connections.close();
    });
    const either = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
    try {
      const answer = await this.#reach({ ...request, brief: true }, either);
      return { code: answer.statusCode ?? 0, text: await textOf(answer), waitMs: retryAfterMs(answer) };
    } finally {
      cancel();
    }
  }

  /** The head of the answer, after trying again where that is safe and the server asks for it. */
  async #send(request: WireRequest, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    for (let later = 0; ; later++) {
      const answer = await this.#reach(request, signal);
      const waitMs = retryAfterMs(answer);
      if (waitMs === undefined || later >= LATER_TRIES_MAX) return answer;
      answer.resume();
      await sleep(this.#clock, waitMs, signal ? { signal } : {});
    }
  }

  /** Sends it to one server after the other until one answers. */
  async #reach(request: WireRequest, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    for (let tries = 1; ; tries++) {
      const url = this.#servers.current;
      try {
        return await this.#connections.send(url, {
          ...request,
          headers: await this.#headers(request),
          signal,
        });
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        this.#servers.failed(url);
        const safe = !error.sent || request.method === "GET" || request.method === "PUT";
        if (!safe || tries >= ROUNDS * this.#servers.count) throw error;
        await sleep(this.#clock, RECONNECT_MS, signal ? { signal } : {});
      }
    }
  }

  async #headers({ headers }: WireRequest): Promise<Record<string, string>> {
    const token = await this.#token.read();
    return {
      "User-Agent": this.#userAgent,
      Accept: "application/json",
      ...headers,
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    };
  }
}

async function* noting(chunks: AsyncIterable<Uint8Array>, heard: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    heard();
    yield chunk;
  }
}

/** How long a server that says "later" wants to be left alone; undefined: it does not say so. */
function retryAfterMs({ statusCode = 0, headers }: IncomingMessage): number | undefined {
  const seconds = Number(headers["retry-after"]);
  if ((statusCode !== 429 && statusCode < 500) || !Number.isFinite(seconds)) return undefined;
  return Math.min(Math.max(seconds, 0) * 1_000, LATER_MS_MAX);
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
