/** Browsers set no headers on a WebSocket: there, the token is one of the protocols that they offer. */

const PREFIX = "base64url.bearer.authorization.k8s.io.";

const offered = (protocols: string): string[] => protocols.split(",").map((protocol) => protocol.trim());

/** The token as it is sent, in base64url; from the header `Sec-WebSocket-Protocol`. */
export const encodedToken = (protocols: string | undefined): string | undefined =>
  protocols === undefined
    ? undefined
    : offered(protocols)
        .find((protocol) => protocol.startsWith(PREFIX))
        ?.slice(PREFIX.length);

/** The other protocols: the token is for this server, and for nobody that it passes the request on to. */
export function withoutToken(protocols: string): string | undefined {
  const others = offered(protocols).filter((protocol) => !protocol.startsWith(PREFIX));
  return others.length === 0 ? undefined : others.join(", ");
}
