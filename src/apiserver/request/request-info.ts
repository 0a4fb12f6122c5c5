import { badRequest } from "#machinery/status";
import type { RequestInfo } from "../contracts.ts";

/** HTTP/2 has methods of any name. */
const VERB_OF: ReadonlyMap<string, string> = new Map([
  ["POST", "create"],
  ["GET", "get"],
  ["HEAD", "get"],
  ["PUT", "update"],
  ["PATCH", "patch"],
  ["DELETE", "delete"],
]);

const NO_QUERY = new URLSearchParams();

/** What a request is about. `path` is percent-encoded as sent. */
export function requestInfoOf(method: string, path: string, search: string): RequestInfo {
  const query = search === "" ? NO_QUERY : new URLSearchParams(search);
  const parts = splitPath(path);
  const nonResource = plain(method, path, query);
  if (parts[0] === "api" && parts.length >= 3)
    return resourceInfo(nonResource, method, "", parts[1]!, parts.slice(2));
  if (parts[0] === "apis" && parts.length >= 4)
    return resourceInfo(nonResource, method, parts[1]!, parts[2]!, parts.slice(3));
  return nonResource;
}

const plain = (method: string, path: string, query: URLSearchParams): RequestInfo => ({
  isResource: false,
  path,
  verb: method.toLowerCase(),
  group: "",
  version: "",
  resource: "",
  subresource: "",
  namespace: "",
  name: "",
  query,
});

function resourceInfo(
  base: RequestInfo,
  method: string,
  group: string,
  version: string,
  rest: readonly string[],
): RequestInfo {
  const legacyWatch = rest[0] === "watch" && rest.length > 1;
  const { namespace, parts } = namespaceOf(legacyWatch ? rest.slice(1) : rest);
  const [resource = "", named = "", subresource = ""] = parts;
  const verb = legacyWatch ? "watch" : verbOf(method, named, base.query);
  const name = named === "" ? selectedName(verb, base.query) : named;
  return {
    ...base,
    isResource: true,
    verb,
    group,
    version,
    resource,
    subresource,
    namespace,
    name,
  };
}

/** `namespaces/x/pods/y` is about pods in x; `namespaces/x` and `namespaces/x/status` are about x itself. */
function namespaceOf(parts: readonly string[]): { namespace: string; parts: readonly string[] } {
  if (parts[0] !== "namespaces" || parts.length < 2) return { namespace: "", parts };
  const [, namespace = "", third] = parts;
  const about = third === undefined || third === "status" || third === "finalize";
  return { namespace, parts: about ? parts : parts.slice(2) };
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  const verb = VERB_OF.get(method) ?? "";
  if (name !== "") return verb;
  if (verb === "get") return isTrue(query.get("watch")) ? "watch" : "list";
  return verb === "delete" ? "deletecollection" : verb;
}

/** A list of one name may be allowed where a list of all is not. */
export function selectedName(verb: string, query: URLSearchParams): string {
  if (verb !== "list" && verb !== "watch" && verb !== "deletecollection") return "";
  const selector = query.get("fieldSelector");
  const match = selector === null ? null : /^metadata\.name==?([^,=!]+)$/.exec(selector);
  return match?.[1] ?? "";
}

/** As Go reads a boolean in a query: present without a value means yes. */
export function isTrue(text: string | null): boolean {
  return (
    text !== null && text !== "false" && text !== "0" && text !== "False" && text !== "f" && text !== "F"
  );
}

/** What a request is about is said by the first few. */
const PARTS_MAX = 16;

/** The first parts. A slash is one however it is written, as extension servers read it that see the path after us. */
export function splitPath(path: string): string[] {
  const plain = path.includes("%") ? decoded(path) : path;
  let start = 0;
  while (plain[start] === "/") start++;
  const trimmed = withoutLastSlashes(plain).slice(start);
  return trimmed === "" ? [] : trimmed.split("/", PARTS_MAX);
}

/** Anybody may send a megabyte of them, so no pattern is tried at every one. */
export function withoutLastSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw badRequest(`invalid URL escape in path "${path}"`);
  }
}
