/** URLs as Go reads those of requests: an absolute address or an absolute path. */
import { Library } from "../function-table.ts";
import { readsText } from "../pricing.ts";
import { ArrayList, CelError, type CelMap, LiteralMap, Opaque, type Result } from "../values.ts";

export interface UrlParts {
  readonly scheme: string;
  /** With its port. */
  readonly host: string;
  /** Percent-encoded. */
  readonly path: string;
  readonly query: string;
}

class UrlValue extends Opaque {
  readonly typeName = "kubernetes.URL";
  readonly text: string;
  readonly parts: UrlParts;
  constructor(text: string, parts: UrlParts) {
    super();
    this.text = text;
    this.parts = parts;
  }
  equals(other: Opaque): boolean {
    return other instanceof UrlValue && other.text === this.text;
  }
}

const HOST = /^(?:\[[0-9a-fA-F:.]+(?:%25[^\]]+)?\]|[^[\]:<>"\s]*)(?::\d*)?$/;
const ESCAPED = /%(?![0-9a-fA-F]{2})/;

/** The parts, or what is wrong in Go's words. */
export function parseUrl(text: string): UrlParts | string {
  const failure = (problem: string): string => `parse ${JSON.stringify(text)}: ${problem}`;
  if (text === "") return failure("empty url");
  if (Array.from(text).some((char) => char < " " || char === "\u007f"))
    return failure("net/url: invalid control character in URL");
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text);
  if (!scheme && /^[^/?#]*:/.test(text)) {
    return failure(
      text.startsWith(":") ? "missing protocol scheme" : "first path segment in URL cannot contain colon",
    );
  }
  const rest = scheme ? text.slice(scheme[0].length) : text;
  if (!rest.startsWith("/")) return scheme ? opaqueUrl(scheme[1]!, rest) : failure("invalid URI for request");
  const withoutFragment = rest.split("#", 1)[0]!;
  const mark = withoutFragment.indexOf("?");
  const query = mark < 0 ? "" : withoutFragment.slice(mark + 1);
  let path = mark < 0 ? withoutFragment : withoutFragment.slice(0, mark);
  let host = "";
  if (path.startsWith("//") && (scheme || !path.startsWith("///"))) {
    const slash = path.indexOf("/", 2);
    const authority = slash < 0 ? path.slice(2) : path.slice(2, slash);
    path = slash < 0 ? "" : path.slice(slash);
    host = authority.slice(authority.lastIndexOf("@") + 1);
    if (!HOST.test(host)) return failure(hostProblem(host));
  }
  const escape = ESCAPED.exec(path);
  if (escape)
    return failure(`invalid URL escape ${JSON.stringify(path.slice(escape.index, escape.index + 3))}`);
  return { scheme: scheme?.[1]!.toLowerCase() ?? "", host, path: escapePath(path), query };
}

const opaqueUrl = (scheme: string, rest: string): UrlParts => ({
  scheme: scheme.toLowerCase(),
  host: "",
  path: "",
  query: rest.split("#", 1)[0]!.split("?")[1] ?? "",
});

function hostProblem(host: string): string {
  const port = /:([^:\]]*)$/.exec(host);
  return port && /[^0-9]/.test(port[1]!)
    ? `invalid port ${JSON.stringify(`:${port[1]}`)} after host`
    : `invalid character ${JSON.stringify(/[[\]<>"\s:]/.exec(host)?.[0] ?? host)} in host name`;
}

const escapePath = (path: string): string =>
  path.replaceAll(/[^A-Za-z0-9\-_.~$&+,/:;=@%!'()*]/gu, (char) => encodeURIComponent(char.toWellFormed()));

function hostname({ host }: UrlParts): string {
  const bracket = /^\[([^\]]*)\]/.exec(host);
  return bracket ? bracket[1]! : host.replace(/:\d*$/, "");
}

/** Repeated keys gather their values. */
function queryOf({ query }: UrlParts): CelMap {
  const values = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(query)) {
    const known = values.get(key);
    if (known) known.push(value);
    else values.set(key, [value]);
  }
  const map = new LiteralMap();
  for (const [key, all] of values) map.add(key, new ArrayList(all));
  return map;
}

function toUrl(text: string): Result {
  const parts = parseUrl(text);
  return typeof parts === "string"
    ? new CelError(`URL parse error during conversion from string: ${parts}`)
    : new UrlValue(text, parts);
}

export const url = new Library()
  .add("url(string) -> kubernetes.URL", toUrl, readsText())
  .add("isURL(string) -> bool", (text: string) => typeof parseUrl(text) !== "string")
  .add("kubernetes.URL.getScheme() -> string", ({ parts }: UrlValue) => parts.scheme)
  .add("kubernetes.URL.getHost() -> string", ({ parts }: UrlValue) => parts.host)
  .add("kubernetes.URL.getHostname() -> string", ({ parts }: UrlValue) => hostname(parts))
  .add("kubernetes.URL.getPort() -> string", ({ parts }: UrlValue) => /:(\d*)$/.exec(parts.host)?.[1] ?? "")
  .add("kubernetes.URL.getEscapedPath() -> string", ({ parts }: UrlValue) => parts.path)
  .add("kubernetes.URL.getQuery() -> map(string, list(string))", ({ parts }: UrlValue) => queryOf(parts));
