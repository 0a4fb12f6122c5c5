import { type IncomingMessage, request as httpRequest } from "node:http";
import type { Duplex } from "node:stream";
import type { EarlyBytes } from "#base/node/early-bytes";
import { joinStreams, upgradeAnswer } from "#base/node/upgraded-streams";

/** A client's connection that asks for another protocol. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the client has sent already. */
  readonly early: EarlyBytes;
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

/** Of the runtime's words when it refuses; the rest is dropped. */
const REFUSAL_CHARACTERS_MAX = 16 * 1024;

/** Lets the client talk to the runtime's streaming server at `url`, byte for byte. */
export function tunnelToRuntime(
  { request, socket, early }: UpgradeRequest,
  url: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => PASSED_ON.has(name)));
  return new Promise((resolve, reject) => {
    httpRequest(url, { method: request.method, headers, agent: false, signal })
      .on("upgrade", (response, runtime, runtimeHead) => {
        socket.write(upgradeAnswer(response));
        if (runtimeHead.length > 0) socket.write(runtimeHead);
        const head = early.taken();
        if (head.length > 0) runtime.write(head);
        joinStreams(socket, runtime);
        resolve();
      })
      .on("response", (response) => void refusal(response).then(reject))
      .on("error", reject)
      .end();
  });
}

/** In the runtime's words; of those that break off, what came. */
async function refusal(response: IncomingMessage): Promise<UpgradeRefused> {
  let text = "";
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > REFUSAL_CHARACTERS_MAX) break;
    }
  } catch {
    // What has come says enough.
  }
  return new UpgradeRefused(response.statusCode ?? 500, text.slice(0, REFUSAL_CHARACTERS_MAX).trim());
}
