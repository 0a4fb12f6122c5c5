import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { errorOf } from "#client/answers";
import type { Connection } from "#client/node/kubeconfig-transport";
import { authorization, bodyOf } from "./web-socket.ts";

/** Asks the server to speak another protocol on the connection. An answer that says no is thrown as StatusError. */
export function upgrade(
  connection: Connection,
  path: string,
  headers: Readonly<Record<string, string>> & { readonly upgrade: string },
): Promise<{ readonly socket: Duplex; readonly head: Buffer }> {
  const { servers, tls } = connection;
  const base = new URL(servers[0]!);
  const url = new URL(`${base.origin}${base.pathname.replace(/\/$/, "")}${path}`);
  const options = {
    method: "POST",
    headers: { connection: "Upgrade", ...headers, ...authorization(connection) },
    agent: false,
    rejectUnauthorized: !tls.insecure,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert, key: tls.key }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = url.protocol === "https:" ? httpsRequest(url, options) : httpRequest(url, options);
    outgoing.on("upgrade", (_answer, socket, head) => resolve({ socket, head }));
    outgoing.on("error", reject);
    outgoing.on("response", (answer) => {
      void bodyOf(answer).then((body) => reject(errorOf(answer.statusCode ?? 0, body)), reject);
    });
    outgoing.end();
  });
}
