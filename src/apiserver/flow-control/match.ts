import type {
  FlowSchemaSpec,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from "#api/flowcontrol-v1/flowschema";
import type { RequestInfo, User } from "../contracts.ts";

const ALL = "*";
const ACCOUNT_PREFIX = "system:serviceaccount:";

/** Is the request one that the rules speak of, the subjects left aside? */
export type Matches = (info: RequestInfo) => boolean;

/** What one flow schema says about one user; undefined when nothing. */
export function rulesFor({ rules }: Pick<FlowSchemaSpec, "rules">, user: User): Matches | undefined {
  const theirs = (rules ?? [])
    .filter(({ subjects }) => subjects.some((subject) => isSubject(subject, user)))
    .map(compiled);
  if (theirs.length === 0) return undefined;
  return theirs.length === 1 ? theirs[0] : (info) => theirs.some((matches) => matches(info));
}

function isSubject({ kind, user: one, group, serviceAccount }: Subject, { name, groups }: User): boolean {
  if (kind === "User") return one?.name === ALL || one?.name === name;
  if (kind === "Group") return group?.name === ALL || groups.includes(group?.name ?? "");
  if (!serviceAccount) return false;
  const within = `${ACCOUNT_PREFIX}${serviceAccount.namespace}:`;
  return serviceAccount.name === ALL ? name.startsWith(within) : name === `${within}${serviceAccount.name}`;
}

function compiled({ resourceRules = [], nonResourceRules = [] }: PolicyRulesWithSubjects): Matches {
  const resources = resourceRules.map(ofResources);
  const paths = nonResourceRules.map(ofPaths);
  return (info) => (info.isResource ? resources : paths).some((matches) => matches(info));
}

const among = (names: readonly string[]): ((name: string) => boolean) => {
  if (names.includes(ALL)) return () => true;
  const set = new Set(names);
  return (name) => set.has(name);
};

function ofResources(rule: ResourcePolicyRule): Matches {
  const verbs = among(rule.verbs);
  const groups = among(rule.apiGroups);
  const resources = among(rule.resources);
  const namespaces = among(rule.namespaces ?? []);
  return ({ verb, group, resource, subresource, namespace }) =>
    verbs(verb) &&
    groups(group) &&
    resources(subresource === "" ? resource : `${resource}/${subresource}`) &&
    (namespace === "" ? rule.clusterScope === true : namespaces(namespace));
}

function ofPaths({ verbs: asked, nonResourceURLs }: NonResourcePolicyRule): Matches {
  const verbs = among(asked);
  const exact = among(nonResourceURLs);
  const prefixes = nonResourceURLs.filter((url) => url.endsWith("/*")).map((url) => url.slice(0, -1));
  return ({ verb, path }) =>
    verbs(verb) && (exact(path) || prefixes.some((prefix) => path.startsWith(prefix)));
}
