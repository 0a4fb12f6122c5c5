import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { joinStreams, upgradeAnswer } from "#base/node/upgraded-streams";
import type { Exchange } from "../http/exchange.ts";
import { endToEnd } from "../http/hop-by-hop.ts";
import { withoutToken } from "../http/web-socket-token.ts";
import type { Upgraded } from "./kubelet-connection.ts";

/** Headers that belong to one connection, or say who the caller is: they end here. */
const NOT_FORWARDED = new Set(["host", "authorization", "cookie", "x-forwarded-for", "proxy-authorization"]);
const CREDENTIALS = /^(?:impersonate|x-remote)-/;

/** The headers of a request that is proxied, and whose body is this. */
export function requestHeaders(
  exchange: Exchange,
  body: Uint8Array | undefined,
): Record<string, string | string[]> {
  const names = [...endToEnd(exchange.headerNames(), exchange.header("connection"))];
  const headers = forwarded(names.map((name) => [name, exchange.header(name)]));
  delete headers["content-length"];
  return body?.length ? { ...headers, "content-length": String(body.length) } : headers;
}

/** What of the headers of a wish for another protocol goes on to where it is proxied. */
export const forwardedHeaders = ({ headers }: IncomingMessage): Record<string, string | string[]> =>
  forwarded(Object.entries(headers));

const forwarded = (
  headers: readonly (readonly [string, string | string[] | undefined])[],
): Record<string, string | string[]> =>
  Object.fromEntries(
    headers.flatMap(([name, sent]) => {
      const value = name === "sec-websocket-protocol" ? withoutToken(String(sent)) : sent;
      const ends = value === undefined || NOT_FORWARDED.has(name) || CREDENTIALS.test(name);
      return ends ? [] : [[name, value] as const];
    }),
  );

/** Answers the client as the other side answered, and then lets bytes through in both directions. */
export function tunnel(client: Duplex, clientHead: Buffer, { response, socket, head }: Upgraded): void {
  client.write(upgradeAnswer(response));
  if (head.length > 0) client.write(head);
  if (clientHead.length > 0) socket.write(clientHead);
  joinStreams(client, socket);
}
