import { type IncomingMessage, request as httpRequest } from "node:http";
import type { Duplex } from "node:stream";
import { joinStreams, upgradeAnswer } from "#base/node/upgraded-streams";

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
        socket.write(upgradeAnswer(response));
        if (runtimeHead.length > 0) socket.write(runtimeHead);
        if (head.length > 0) runtime.write(head);
        joinStreams(socket, runtime);
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
