/** How extension servers are told who asks: this server vouches for the user with a certificate of its own. */
import type { RequestHeaderOptions } from "../authentication/request-header.ts";
import type { User } from "../contracts.ts";
import type { Exchange } from "../http/exchange.ts";
import { headerValue } from "../http/header-text.ts";
import { endToEnd } from "../http/hop-by-hop.ts";
import { withoutToken } from "../http/web-socket-token.ts";

/** The certificate and key, PEM, by which extension servers know this server. */
export interface FrontProxyIdentity {
  readonly certificate: string;
  readonly key: string;
}

export type OutgoingHeaders = Record<string, string | readonly string[]>;

const EXTRA_PREFIX = "x-remote-extra-";

/** Bytes that the name of a header may have; a percent sign begins one that it may not. */
const PLAIN = /[!#$&'*+\-.^_`|~0-9A-Za-z]/;

export function userHeaders({ name, uid, groups, extra = {} }: User): OutgoingHeaders {
  const headers: OutgoingHeaders = { "x-remote-user": headerValue(name) };
  if (uid) headers["x-remote-uid"] = headerValue(uid);
  if (groups.length > 0) headers["x-remote-group"] = groups.map(headerValue);
  for (const [key, values] of Object.entries(extra))
    headers[`${EXTRA_PREFIX}${escaped(key)}`] = values.map(headerValue);
  return headers;
}

const escaped = (key: string): string =>
  Array.from(Buffer.from(key), (byte) => {
    const text = String.fromCharCode(byte);
    return PLAIN.test(text) ? text : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");

/** Where proxies say who asks. */
export type IdentityHeaders = Pick<
  RequestHeaderOptions,
  "usernameHeaders" | "uidHeaders" | "groupHeaders" | "extraPrefixes"
>;

/** Tells by their names which headers were for us. */
export type IsCredential = (name: string) => boolean;

/**
 * What says who asks; nobody may say it to others in our name. `configured`: where this server looks for it, and with it
 * those who ask this server where to look.
 */
export function credentialHeaders(configured: IdentityHeaders = {}): IsCredential {
  const { usernameHeaders = [], uidHeaders = [], groupHeaders = [], extraPrefixes = [] } = configured;
  const lower = (name: string) => name.toLowerCase();
  const names = new Set(["authorization", ...[usernameHeaders, uidHeaders, groupHeaders].flat().map(lower)]);
  const prefixes = ["x-remote-", "impersonate-", ...extraPrefixes.map(lower)];
  return (name) => names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}

/** What the request to the other server has of its own: where it goes, and how long it is. */
const OURS_TO_SAY = new Set(["host", "content-length"]);
const WEB_SOCKET_PROTOCOL = "sec-websocket-protocol";

/** The headers of a request as they are passed on, but for the length of its body. */
export function forwardedRequest(
  exchange: Exchange,
  user: User,
  isCredential: IsCredential,
): OutgoingHeaders {
  const headers: OutgoingHeaders = {};
  for (const name of endToEnd(exchange.headerNames(), exchange.header("connection"))) {
    const sent = exchange.header(name) ?? "";
    const value = name === WEB_SOCKET_PROTOCOL ? withoutToken(sent) : sent;
    if (value !== undefined && !OURS_TO_SAY.has(name) && !isCredential(name)) headers[name] = value;
  }
  const { remoteAddress } = exchange.credentials;
  const via = exchange.header("x-forwarded-for");
  const host = exchange.header("host") ?? exchange.header(":authority");
  return {
    ...headers,
    ...wishOf(exchange),
    ...(remoteAddress === "" ? {} : { "x-forwarded-for": via ? `${via}, ${remoteAddress}` : remoteAddress }),
    ...(host === undefined ? {} : { "x-forwarded-host": host }),
    "x-forwarded-proto": "https",
    "x-forwarded-uri": exchange.path,
    ...userHeaders(user),
  };
}

/** For another protocol; what else the client says of its own connection ends with that. */
function wishOf(exchange: Exchange): OutgoingHeaders {
  const upgrade = exchange.raw.protocol === "upgrade" ? exchange.header("upgrade") : undefined;
  return upgrade === undefined ? {} : { connection: "Upgrade", upgrade };
}

/** The headers of an answer as the client gets them. */
export function forwardedAnswer(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): OutgoingHeaders {
  const { connection = "" } = headers;
  const answer: OutgoingHeaders = {};
  for (const name of endToEnd(Object.keys(headers), String(connection))) {
    const value = headers[name];
    if (value !== undefined) answer[name] = value;
  }
  return answer;
}
