import { readFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { Agent, request } from "node:https";
import { connect } from "node:tls";
import { parse } from "./kubeconfig.ts";

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  /** Content type of the body. */
  readonly type?: string;
}

export interface Answer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends requests as they are, also those that no client would send. */
export class ApiCaller {
  readonly #agent: Agent;
  readonly #server: URL;

  constructor(kubeconfig: string) {
    const { server, ...tls } = parse(readFileSync(kubeconfig, "utf8"));
    this.#server = new URL(server);
    this.#agent = new Agent({ ...tls, keepAlive: true });
  }

  call({ method, path, body, type = "application/json" }: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.#server;
      const headers = {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": type, "content-length": Buffer.byteLength(body) }),
      };
      const sent = request({ agent: this.#agent, hostname, port, method, path, headers }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (more: string) => (text += more));
        response.on("end", () =>
          resolve({ code: response.statusCode!, headers: response.headers, body: text }),
        );
        response.on("error", reject);
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }

  /** Connections that begin a request and never end it. */
  strays(count: number): { close(): void } {
    const { hostname, port } = this.#server;
    const sockets = Array.from({ length: count }, (_each, at) => {
      const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
      if (at % 2 === 0)
        socket.write("POST /api/v1/namespaces HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{");
      socket.on("error", () => undefined);
      return socket;
    });
    return { close: () => sockets.forEach((socket) => socket.destroy()) };
  }

  close(): void {
    this.#agent.destroy();
  }
}
