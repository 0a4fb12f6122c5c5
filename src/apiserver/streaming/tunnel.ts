import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Upgraded } from "./kubelet-connection.ts";

/** Headers that belong to one connection, or say who the caller is: they end here. */
const NOT_FORWARDED = new Set([
  "host",
  "authorization",
  "cookie",
  "x-forwarded-for",
  "x-remote-user",
  "x-remote-group",
  "proxy-authorization",
]);

/** What of a request's headers goes on to where it is proxied. */
export const forwardedHeaders = ({ headers }: IncomingMessage): Record<string, string | string[]> =>
  forwarded(Object.entries(headers));

export const forwarded = (
  headers: readonly (readonly [string, string | string[] | undefined])[],
): Record<string, string | string[]> =>
  Object.fromEntries(
    headers.filter(
      (header): header is [string, string | string[]] =>
        header[1] !== undefined && !NOT_FORWARDED.has(header[0]) && !header[0].startsWith("impersonate-"),
    ),
  );

/** Answers the client as the other side answered, and then lets bytes through in both directions. */
export function tunnel(client: Duplex, clientHead: Buffer, { response, socket, head }: Upgraded): void {
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage ?? ""}`];
  for (let index = 0; index < response.rawHeaders.length; index += 2) {
    lines.push(`${response.rawHeaders[index]}: ${response.rawHeaders[index + 1]}`);
  }
  client.write(`${lines.join("\r\n")}\r\n\r\n`);
  if (head.length > 0) client.write(head);
  if (clientHead.length > 0) socket.write(clientHead);
  join(client, socket);
}

/** Connects two streams; when one is gone, so is the other. */
export function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
    from.pipe(to);
  }
}
