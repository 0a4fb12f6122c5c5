/** Sends requests as they are, and gives what came back. */
import { Agent, request as httpsRequest } from "node:https";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { connect as connectTls } from "node:tls";
import { once } from "node:events";
import type { OddRequest, RawBytes } from "./requests/request.ts";

export interface Answer {
  /** 0: the connection or stream ended without one. */
  readonly status: number;
  readonly type: string;
  /** Text, but for protobuf and CBOR its bytes, one a character. */
  readonly body: string;
  /** There was no end of the answer within the deadline. */
  readonly hung: boolean;
}

const DEADLINE_MS = 30_000;
/** How long a raw connection may stay quiet before we hang up: the server waits for more of the request, rightly. */
const QUIET_MS = 40;
const WATCHING = /watch|follow/;
const NOTHING: Answer = { status: 0, type: "", body: "", hung: false };
const HUNG: Answer = { ...NOTHING, hung: true };

const textOf = (chunks: readonly Buffer[], type: string): string =>
  Buffer.concat(chunks).toString(/protobuf|cbor/.test(type) ? "latin1" : "utf8");

export class Sender {
  readonly #port: number;
  readonly #ca: string;
  readonly #agent: Agent;
  #session: ClientHttp2Session | undefined;

  constructor(port: number, ca: string) {
    this.#port = port;
    this.#ca = ca;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 8, ca, ALPNProtocols: ["http/1.1"] });
  }

  send(request: OddRequest | RawBytes): Promise<Answer> {
    switch (request.over) {
      case "raw":
        return this.#raw(request.pieces);
      case "h1":
        return this.#http1(request);
      case "h2":
        return this.#http2(request);
    }
  }

  close(): void {
    this.#agent.destroy();
    this.#session?.destroy();
  }

  #http1({ method, path, headers, body, abort }: OddRequest): Promise<Answer> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    return new Promise((resolve) => {
      const failed = () => resolve(signal.aborted ? HUNG : NOTHING);
      const length = body === undefined ? {} : { "content-length": String(body.length) };
      let request: ReturnType<typeof httpsRequest>;
      try {
        request = httpsRequest({
          host: "127.0.0.1",
          port: this.#port,
          agent: this.#agent,
          method,
          path,
          headers: { ...headers, ...length } as never,
          signal,
        });
      } catch {
        // Node sends no such header or path.
        return resolve(NOTHING);
      }
      request.on("error", failed);
      request.on("upgrade", ({ statusCode = 0 }, socket) => {
        socket.on("error", () => undefined);
        // Frames that are none.
        socket.end(Buffer.from([0xff, 0xff, 0x81, 0x00, 0x80, 0x03]));
        socket.destroySoon();
        resolve({ ...NOTHING, status: statusCode });
      });
      request.on("response", (response) => {
        const status = response.statusCode ?? 0;
        const type = response.headers["content-type"] ?? "";
        if (status === 200 && WATCHING.test(path)) {
          request.destroy();
          return resolve({ status, type, body: "", hung: false });
        }
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve({ status, type, body: textOf(chunks, type), hung: false }));
        response.on("error", failed);
      });
      try {
        if (!abort) return void request.end(body);
        request.write((body ?? new Uint8Array()).subarray(0, (body?.length ?? 0) >> 1), () =>
          request.destroy(),
        );
      } catch {
        // Nor such a pair of headers.
        request.destroy();
        resolve(NOTHING);
      }
    });
  }

  #http2({ method, path, headers, body, abort }: OddRequest): Promise<Answer> {
    const session = this.#openSession();
    return new Promise((resolve) => {
      let stream: ReturnType<ClientHttp2Session["request"]>;
      const sent = Object.fromEntries(
        Object.entries(headers).filter(([name]) => name !== "connection" && name !== "upgrade"),
      );
      try {
        stream = session.request({ ...sent, ":method": method, ":path": path } as never, {
          endStream: body === undefined,
        });
      } catch {
        return resolve(NOTHING);
      }
      let [status, type] = [0, ""];
      const chunks: Buffer[] = [];
      const timer = setTimeout(() => {
        resolve(HUNG);
        stream.close(constants.NGHTTP2_CANCEL);
      }, DEADLINE_MS);
      stream.on("response", (answer) => {
        status = Number(answer[":status"]);
        type = String(answer["content-type"] ?? "");
        if (status === 200 && WATCHING.test(path)) stream.close(constants.NGHTTP2_CANCEL);
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", () => undefined);
      stream.on("close", () => {
        clearTimeout(timer);
        resolve({
          status,
          type,
          body: WATCHING.test(path) && status < 400 ? "" : textOf(chunks, type),
          hung: false,
        });
      });
      if (!abort) return body === undefined ? undefined : void stream.end(body);
      if (body !== undefined) stream.write(body.subarray(0, body.length >> 1));
      setImmediate(() => stream.close(constants.NGHTTP2_CANCEL));
    });
  }

  #openSession(): ClientHttp2Session {
    if (!this.#session || this.#session.closed || this.#session.destroyed) {
      this.#session = connectHttp2(`https://127.0.0.1:${this.#port}`, {
        ca: this.#ca,
        // Node's own bound counts what reset streams had waiting for ever.
        maxSessionMemory: 65_536,
      });
      this.#session.on("error", () => undefined);
    }
    return this.#session;
  }

  async #raw(pieces: readonly Uint8Array[]): Promise<Answer> {
    const socket = connectTls({
      host: "127.0.0.1",
      port: this.#port,
      ca: this.#ca,
      ALPNProtocols: ["http/1.1"],
    });
    const chunks: Buffer[] = [];
    socket.on("error", () => undefined);
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    await Promise.race([once(socket, "secureConnect").catch(() => undefined), closed]);
    let quiet: NodeJS.Timeout;
    const wait = () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => socket.destroy(), QUIET_MS);
    };
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      wait();
    });
    for (const piece of pieces) socket.write(piece);
    wait();
    await closed;
    clearTimeout(quiet!);
    const answer = Buffer.concat(chunks).toString("latin1");
    const status = Number(/^HTTP\/1\.[01] ([0-9]{3})/.exec(answer)?.[1] ?? 0);
    return { status, type: "raw", body: answer, hung: false };
  }
}
