import { type IncomingMessage, request as httpRequest } from "node:http";
import type { Duplex } from "node:stream";

/** A client's connection that asks for another protocol. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** What the runtime's answer depends on. */
const PASSED_ON = new Set([
  "connection",
  "upgrade",
  "x-stream-protocol-version",
  "sec-websocket-protocol",
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-extensions",
]);

/** The runtime would not change the protocol; the text says why. */
export class UpgradeRefused extends Error {
  override readonly name = "UpgradeRefused";
  readonly statusCode: number;
  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** Lets the client talk to the runtime's streaming server at `url`, byte for byte. */
export function tunnelToRuntime({ request, socket, head }: UpgradeRequest, url: string): Promise<void> {
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => PASSED_ON.has(name)));
  return new Promise((resolve, reject) => {
    httpRequest(url, { method: request.method, headers, agent: false })
      .on("upgrade", (response, runtime, runtimeHead) => {
        const lines = ["HTTP/1.1 101 Switching Protocols"];
        for (let index = 0; index < response.rawHeaders.length; index += 2) {
          lines.push(`${response.rawHeaders[index]}: ${response.rawHeaders[index + 1]}`);
        }
        socket.write(`${lines.join("\r\n")}\r\n\r\n`);
        if (runtimeHead.length > 0) socket.write(runtimeHead);
        if (head.length > 0) runtime.write(head);
        join(socket, runtime);
        resolve();
      })
      .on("response", (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => reject(new UpgradeRefused(response.statusCode ?? 500, text.trim())));
      })
      .on("error", reject)
      .end();
  });
}

function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
    from.pipe(to);
  }
}
