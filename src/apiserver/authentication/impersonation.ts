/** Acting as somebody else: `kubectl --as`. Every part of the other identity is a right of its own. */
import { badRequest } from "#machinery/status";
import type { Authorizer, Credentials, RequestInfo, User } from "../contracts.ts";
import { denied } from "../authorization/denial.ts";
import { headerText } from "../http/header-text.ts";
import { AUTHENTICATED, UNAUTHENTICATED, accountGroups, accountOfUser, anonymous } from "./users.ts";

/** Headers of the request, with names in lower case. */
export interface ImpersonationHeaders extends Pick<Credentials, "header" | "all"> {
  /** Names of all headers. */
  readonly names: Iterable<string>;
}

const EXTRA_PREFIX = "impersonate-extra-";

/** Does any of these headers name somebody else? Of nearly all requests none does. */
export function asksForAnother(headerNames: Iterable<string>): boolean {
  for (const name of headerNames) if (name.startsWith("impersonate-")) return true;
  return false;
}

/** The user to act as; the asking one when nobody else is named. Throws Forbidden. */
export async function impersonated(
  user: User,
  headers: ImpersonationHeaders,
  authorizer: Authorizer,
): Promise<User> {
  const header = (name: string) => headerText(headers.header(name) ?? "");
  const name = header("impersonate-user");
  const wanted: Wanted = {
    groups: valuesOf(headers, "impersonate-group"),
    uid: header("impersonate-uid"),
    extra: extraOf(headers),
  };
  if (name === "") {
    if (wanted.groups.length > 0 || wanted.uid || wanted.extra.length > 0) {
      throw badRequest("requested impersonation without impersonating a user");
    }
    return user;
  }
  for (const request of rightsFor(name, wanted)) {
    // oxlint-disable-next-line no-await-in-loop -- the first that is refused is the answer
    const decision = await authorizer.authorize(user, request);
    if (decision.verdict !== "allow") throw denied(user, request, decision);
  }
  return becoming(name, wanted);
}

interface Wanted {
  readonly groups: readonly string[];
  readonly uid: string;
  readonly extra: readonly (readonly [string, readonly string[]])[];
}

/** Each as it came over the wire, where names may hold commas; in process, repeated headers are joined with one. */
function valuesOf({ header, all }: ImpersonationHeaders, name: string): readonly string[] {
  const values = all?.headerValues(name) ?? header(name)?.split(",") ?? [];
  return values.map((value) => headerText(value).trim()).filter((value) => value !== "");
}

function extraOf(headers: ImpersonationHeaders): (readonly [string, readonly string[]])[] {
  const found: (readonly [string, readonly string[]])[] = [];
  for (const name of headers.names) {
    if (!name.startsWith(EXTRA_PREFIX)) continue;
    found.push([unescaped(name.slice(EXTRA_PREFIX.length)), valuesOf(headers, name)]);
  }
  return found;
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function* rightsFor(name: string, { groups, uid, extra }: Wanted): Iterable<RequestInfo> {
  const account = accountOfUser(name);
  yield account
    ? right({ resource: "serviceaccounts", namespace: account.namespace, name: account.name })
    : right({ resource: "users", name });
  for (const group of groups) yield right({ resource: "groups", name: group });
  const group = "authentication.k8s.io";
  const version = "v1";
  for (const [key, values] of extra) {
    for (const value of values) {
      yield right({ group, version, resource: "userextras", subresource: key, name: value });
    }
  }
  if (uid) yield right({ group, version, resource: "uids", name: uid });
}

const right = (about: Partial<RequestInfo>): RequestInfo => ({
  isResource: true,
  path: "",
  verb: "impersonate",
  group: "",
  version: "v1",
  resource: "",
  subresource: "",
  namespace: "",
  name: "",
  query: new URLSearchParams(),
  ...about,
});

function becoming(name: string, { groups, uid, extra }: Wanted): User {
  const account = accountOfUser(name);
  const own = groups.length === 0 && account ? accountGroups(account) : groups;
  const marked = own.includes(AUTHENTICATED) || own.includes(UNAUTHENTICATED);
  const mark = name === anonymous.name ? UNAUTHENTICATED : AUTHENTICATED;
  return {
    name,
    groups: marked ? own : [...own, mark],
    ...(uid ? { uid } : {}),
    ...(extra.length === 0 ? {} : { extra: Object.fromEntries(extra) }),
  };
}
