import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { errorOf } from "#client/answers";
import type { Connection } from "#client/node/kubeconfig-transport";

/** Bytes that may wait for a slow server before the source is stopped. */
export const BUFFERED_BYTES_MAX = 1024 * 1024;

export function authorization({ token, tokenFile }: Pick<Connection, "token" | "tokenFile">) {
  const bearer = token ?? (tokenFile === undefined ? undefined : readFileSync(tokenFile, "utf8").trim());
  return bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` };
}

/** Opens a WebSocket to a path of the server. An answer that says no is thrown as the StatusError that it is. */
export function openWebSocket(
  { servers, tls, token, tokenFile }: Connection,
  path: string,
  query: URLSearchParams,
  protocol: string,
): Promise<WebSocket> {
  const url = new URL(servers[0]!.replace(/^http/, "ws"));
  url.pathname = `${url.pathname.replace(/\/$/, "")}${path}`;
  url.search = query.toString();
  const socket = new WebSocket(url, [protocol], {
    headers: authorization({ token, tokenFile }),
    perMessageDeflate: false,
    rejectUnauthorized: !tls.insecure,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert, key: tls.key }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  });
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(socket));
    socket.once("error", reject);
    socket.once("unexpected-response", (_request, answer: IncomingMessage) => {
      void bodyOf(answer).then((body) => reject(errorOf(answer.statusCode ?? 0, body)), reject);
    });
  });
}

export async function bodyOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
