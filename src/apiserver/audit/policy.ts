/** Which requests are put on record, and how much of each: an `audit.k8s.io/v1` Policy file. */
import { parseYaml } from "#machinery/yaml";
import type { RequestInfo, User } from "../contracts.ts";

export type AuditLevel = "None" | "Metadata" | "Request" | "RequestResponse";
export type AuditStage = "RequestReceived" | "ResponseStarted" | "ResponseComplete" | "Panic";

const LEVELS: readonly AuditLevel[] = ["None", "Metadata", "Request", "RequestResponse"];
const STAGES: readonly AuditStage[] = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"];

interface GroupResources {
  /** The core group is empty. */
  readonly group: string;
  /** `pods`, `pods/log`, `pods/*`, `*`, and `*` with `/scale` behind it; empty: all of the group. */
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
}

/** Empty lists restrict nothing. */
interface AuditRule {
  readonly level: AuditLevel;
  readonly users: readonly string[];
  readonly userGroups: readonly string[];
  readonly verbs: readonly string[];
  readonly resources: readonly GroupResources[];
  /** An empty name stands for what is in no namespace. */
  readonly namespaces: readonly string[];
  readonly nonResourceURLs: readonly string[];
  readonly omitStages: readonly AuditStage[];
  readonly omitManagedFields: boolean | undefined;
}

export interface AuditPolicy {
  readonly rules: readonly AuditRule[];
  readonly omitStages: readonly AuditStage[];
  readonly omitManagedFields: boolean;
}

/** What becomes of one request. */
export interface AuditDecision {
  readonly level: AuditLevel;
  readonly omitStages: readonly AuditStage[];
  readonly omitManagedFields: boolean;
}

const NOTHING: AuditDecision = { level: "None", omitStages: [], omitManagedFields: false };

/** The first rule that speaks about the request decides; where none does, nothing is recorded. */
export function auditDecision(
  policy: AuditPolicy,
  user: User | undefined,
  request: RequestInfo,
): AuditDecision {
  const rule = policy.rules.find((candidate) => concerns(candidate, user, request));
  if (!rule || rule.level === "None") return NOTHING;
  return {
    level: rule.level,
    omitStages: [...policy.omitStages, ...rule.omitStages],
    omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields,
  };
}

function concerns(rule: AuditRule, user: User | undefined, request: RequestInfo): boolean {
  if (rule.users.length > 0 && !rule.users.includes(user?.name ?? "")) return false;
  if (rule.userGroups.length > 0 && !user?.groups.some((group) => rule.userGroups.includes(group)))
    return false;
  if (rule.verbs.length > 0 && !rule.verbs.includes(request.verb)) return false;
  const aboutResources = rule.resources.length > 0 || rule.namespaces.length > 0;
  if (!aboutResources && rule.nonResourceURLs.length === 0) return true;
  return request.isResource ? aboutResources && coversResource(rule, request) : coversUrl(rule, request.path);
}

function coversResource({ namespaces, resources }: AuditRule, request: RequestInfo): boolean {
  if (namespaces.length > 0 && !namespaces.includes(request.namespace)) return false;
  if (resources.length === 0) return true;
  const { resource, subresource } = request;
  const full = subresource === "" ? resource : `${resource}/${subresource}`;
  return resources.some((of) => {
    if (of.group !== request.group) return false;
    if (of.resources.length === 0) return true;
    if (of.resourceNames.length > 0 && !of.resourceNames.includes(request.name)) return false;
    return of.resources.some(
      (pattern) =>
        pattern === "*" ||
        pattern === full ||
        (subresource !== "" && (pattern === `*/${subresource}` || pattern === `${resource}/*`)) ||
        (subresource === "" && pattern === `${resource}/*`),
    );
  });
}

const coversUrl = ({ nonResourceURLs }: AuditRule, path: string): boolean =>
  nonResourceURLs.some(
    (url) => url === "*" || url === path || (url.endsWith("*") && path.startsWith(url.slice(0, -1))),
  );

/** A policy file that cannot be used. */
export class AuditPolicyError extends Error {
  override readonly name = "AuditPolicyError";
}

type Json = Readonly<Record<string, unknown>>;

/** From YAML or JSON text. Throws AuditPolicyError. */
export function parseAuditPolicy(text: string): AuditPolicy {
  const file = record(parseYaml(text), "the file");
  if (file.apiVersion !== "audit.k8s.io/v1" || file.kind !== "Policy") {
    throw new AuditPolicyError("the file is no Policy of audit.k8s.io/v1");
  }
  const rules = array(file.rules, "rules");
  if (rules.length === 0) throw new AuditPolicyError("rules: at least one rule is required");
  return {
    rules: rules.map((rule, index) => parseRule(record(rule, `rules[${index}]`), `rules[${index}]`)),
    omitStages: stages(file.omitStages, "omitStages"),
    omitManagedFields: flag(file.omitManagedFields, "omitManagedFields") ?? false,
  };
}

function parseRule(rule: Json, path: string): AuditRule {
  const level = LEVELS.find((known) => known === rule.level);
  if (!level) throw new AuditPolicyError(`${path}.level: must be one of ${LEVELS.join(", ")}`);
  const parsed: AuditRule = {
    level,
    users: texts(rule.users, `${path}.users`),
    userGroups: texts(rule.userGroups, `${path}.userGroups`),
    verbs: texts(rule.verbs, `${path}.verbs`),
    resources: array(rule.resources, `${path}.resources`).map((of, index) =>
      parseResources(of, `${path}.resources[${index}]`),
    ),
    namespaces: texts(rule.namespaces, `${path}.namespaces`),
    nonResourceURLs: texts(rule.nonResourceURLs, `${path}.nonResourceURLs`),
    omitStages: stages(rule.omitStages, `${path}.omitStages`),
    omitManagedFields: flag(rule.omitManagedFields, `${path}.omitManagedFields`),
  };
  if (parsed.nonResourceURLs.length > 0 && (parsed.resources.length > 0 || parsed.namespaces.length > 0)) {
    throw new AuditPolicyError(
      `${path}.nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs`,
    );
  }
  const bad = parsed.nonResourceURLs.find((url) => url !== "*" && !/^\/[^*]*\*?$/.test(url));
  if (bad !== undefined) {
    throw new AuditPolicyError(
      `${path}.nonResourceURLs: ${JSON.stringify(bad)} must begin with '/', and '*' may only be its end`,
    );
  }
  return parsed;
}

function parseResources(value: unknown, path: string): GroupResources {
  const of = record(value, path);
  const resources = texts(of.resources, `${path}.resources`);
  const resourceNames = texts(of.resourceNames, `${path}.resourceNames`);
  if (resourceNames.length > 0 && resources.length === 0) {
    throw new AuditPolicyError(`${path}.resourceNames: using resourceNames requires at least one resource`);
  }
  if (of.group !== undefined && typeof of.group !== "string")
    throw new AuditPolicyError(`${path}.group: must be text`);
  return { group: of.group ?? "", resources, resourceNames };
}

function record(value: unknown, path: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new AuditPolicyError(`${path}: must be an object`);
}

function array(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new AuditPolicyError(`${path}: must be a list`);
}

const texts = (value: unknown, path: string): readonly string[] =>
  array(value, path).map((entry) => {
    if (typeof entry === "string") return entry;
    throw new AuditPolicyError(`${path}: must be a list of texts`);
  });

const stages = (value: unknown, path: string): readonly AuditStage[] =>
  texts(value, path).map((entry) => {
    const stage = STAGES.find((known) => known === entry);
    if (stage) return stage;
    throw new AuditPolicyError(`${path}: ${JSON.stringify(entry)} is none of ${STAGES.join(", ")}`);
  });

function flag(value: unknown, path: string): boolean | undefined {
  if (value === undefined || value === null || typeof value === "boolean") return value ?? undefined;
  throw new AuditPolicyError(`${path}: must be true or false`);
}
