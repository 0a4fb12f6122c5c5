/** Headers of one connection, and not of the request or answer that it carries; HTTP's own rules. */
const HOP_BY_HOP = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Names of headers that go on: neither the connection's own, nor those that its header `Connection` names. */
export function* endToEnd(names: Iterable<string>, connection: string | undefined): Iterable<string> {
  const named = new Set(connection?.split(",").map((name) => name.trim().toLowerCase()));
  for (const name of names) {
    if (!name.startsWith(":") && !HOP_BY_HOP.has(name) && !named.has(name)) yield name;
  }
}
