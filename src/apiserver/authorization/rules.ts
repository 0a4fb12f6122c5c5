import type { PolicyRule } from "#api/rbac-v1/policyrule";
import type { RequestInfo } from "../contracts.ts";

/** A rule as it is stored, or as it is about to be. */
export type Rule = PolicyRule;

/** What rules speak about; a RequestInfo is one. */
export type Attributes = Pick<
  RequestInfo,
  "isResource" | "path" | "verb" | "group" | "resource" | "subresource" | "namespace" | "name"
>;

const ALL = "*";

/** Does the rule grant it, leaving the object's name aside? */
export function coversKind(rule: Rule, request: Attributes): boolean {
  if (!has(rule.verbs, request.verb)) return false;
  if (!request.isResource) return coversPath(rule.nonResourceURLs, request.path);
  return has(rule.apiGroups, request.group) && coversResource(rule.resources, request);
}

/** Does the rule grant it for every name, or for this one? */
export const coversName = (rule: Rule, name: string): boolean =>
  !rule.resourceNames?.length || rule.resourceNames.includes(name);

const has = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes(ALL) || list.includes(value));

function coversResource(resources: readonly string[] | undefined, request: Attributes): boolean {
  if (!resources) return false;
  const { resource, subresource } = request;
  if (resources.includes(ALL)) return true;
  if (subresource === "") return resources.includes(resource);
  return resources.includes(`${resource}/${subresource}`) || resources.includes(`*/${subresource}`);
}

/** `/healthz/*` covers all below `/healthz/`. */
const coversPath = (urls: readonly string[] | undefined, path: string): boolean =>
  urls?.some(
    (url) => url === ALL || url === path || (url.endsWith(ALL) && path.startsWith(url.slice(0, -1))),
  ) ?? false;
