import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import type { Endpoint } from "../control-plane.ts";
import type { Answered } from "./h1-connection.ts";

/** One HTTP/2 connection; requests share it as streams. */
export class H2Connection {
  readonly #session: ClientHttp2Session;

  private constructor(session: ClientHttp2Session) {
    this.#session = session;
  }

  static async open({ port, tls }: Endpoint): Promise<H2Connection> {
    const session = connect(`https://127.0.0.1:${port}`, tls);
    await once(session, "connect");
    return new H2Connection(session);
  }

  send(method: string, path: string, body?: string): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const content = body === undefined ? {} : { "content-type": "application/json" };
      const stream = this.#session.request(
        { ":method": method, ":path": path, accept: "application/json", ...content },
        { endStream: body === undefined },
      );
      let status = 0;
      let bytes = 0;
      stream.on("response", (headers) => (status = Number(headers[":status"])));
      stream.on("data", (chunk: Buffer) => (bytes += chunk.length));
      stream.on("error", reject);
      stream.on("close", () => resolve({ status, bytes }));
      if (body !== undefined) stream.end(body);
    });
  }

  close(): void {
    this.#session.destroy();
  }
}
