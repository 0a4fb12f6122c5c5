/** Checks an authorization configuration. */
import { statSync } from "node:fs";
import { isAbsolute } from "node:path";
import type { Program } from "#machinery/cel/program";
import { problemsOfName } from "#machinery/names";
import {
  at,
  duplicate,
  type FieldProblem,
  invalid,
  item,
  notSupported,
  required,
  tooMany,
} from "#machinery/schema";
import { parseDuration } from "#machinery/time";
import { refuseProblems } from "../../configuration/configuration-file.ts";
import type { AuthorizationConfiguration, WebhookConfiguration } from "./authorization-configuration.ts";
import { compileMatchCondition } from "./match-conditions.ts";

const TYPES = ["AlwaysAllow", "AlwaysDeny", "Node", "RBAC"] as const;
type BuiltIn = (typeof TYPES)[number];

/** One that is asked; `name` tells it from others. */
export type CompiledAuthorizer =
  | { readonly type: BuiltIn; readonly name: string }
  | { readonly type: "Webhook"; readonly name: string; readonly webhook: CompiledWebhook };

export interface CompiledCondition {
  readonly text: string;
  readonly program: Program;
}

export interface CompiledWebhook {
  readonly kubeconfigFile: string;
  readonly version: "v1" | "v1beta1";
  readonly timeoutMs: number;
  /** 0: not remembered. */
  readonly authorizedMs: number;
  readonly unauthorizedMs: number;
  /** What to make of a webhook that cannot be asked. */
  readonly onFailure: "deny" | "no-opinion";
  readonly conditions: readonly CompiledCondition[];
}

/** Throws ConfigurationError with all problems. */
export function compileAuthorization({
  authorizers = [],
}: AuthorizationConfiguration): readonly CompiledAuthorizer[] {
  const problems: FieldProblem[] = [];
  if (authorizers.length === 0)
    problems.push(required("authorizers", "at least one authorization mode must be defined"));
  const names = new Set<string>();
  const types = new Set<string>();
  const compiled = authorizers.flatMap(({ type = "", name = "", webhook }, index): CompiledAuthorizer[] => {
    const path = item("authorizers", index);
    problems.push(
      ...typeProblems(type, types, at(path, "type")),
      ...nameProblems(name, names, at(path, "name")),
    );
    types.add(type);
    names.add(name);
    if (type === "Webhook") {
      if (webhook) return [{ type, name, webhook: compileWebhook(webhook, at(path, "webhook"), problems) }];
      problems.push(required(at(path, "webhook"), "required when type=Webhook"));
      return [];
    }
    if (webhook)
      problems.push(invalid(at(path, "webhook"), "non-null", "may only be specified when type=Webhook"));
    return isBuiltIn(type) ? [{ type, name }] : [];
  });
  refuseProblems(problems);
  return compiled;
}

const isBuiltIn = (type: string): type is BuiltIn => (TYPES as readonly string[]).includes(type);

function* typeProblems(type: string, seen: ReadonlySet<string>, path: string): Iterable<FieldProblem> {
  if (type === "") yield required(path);
  else if (type === "ABAC") yield invalid(path, type, "policy files of ABAC are not supported; use RBAC");
  else if (type !== "Webhook" && !isBuiltIn(type)) yield notSupported(path, type, [...TYPES, "Webhook"]);
  if (type !== "Webhook" && seen.has(type)) yield duplicate(path, type);
}

function* nameProblems(name: string, seen: ReadonlySet<string>, path: string): Iterable<FieldProblem> {
  if (name === "") {
    yield required(path);
    return;
  }
  if (seen.has(name)) yield duplicate(path, name);
  const wrong = problemsOfName("dns-subdomain", name);
  if (wrong.length > 0) yield invalid(path, name, `authorizer name is invalid: ${wrong.join(", ")}`);
}

const AUTHORIZED_TTL = "5m";
const UNAUTHORIZED_TTL = "30s";
const TIMEOUT_MS_MAX = 30_000;

function compileWebhook(
  webhook: WebhookConfiguration,
  path: string,
  problems: FieldProblem[],
): CompiledWebhook {
  const { authorizedTTL = AUTHORIZED_TTL, unauthorizedTTL = UNAUTHORIZED_TTL, timeout = "" } = webhook;
  const { subjectAccessReviewVersion: version = "", failurePolicy: policy = "" } = webhook;
  problems.push(
    ...ttlProblems(authorizedTTL, at(path, "authorizedTTL")),
    ...ttlProblems(unauthorizedTTL, at(path, "unauthorizedTTL")),
    ...timeoutProblems(timeout, at(path, "timeout")),
    ...choiceProblems(version, ["v1", "v1beta1"], at(path, "subjectAccessReviewVersion")),
    ...conditionVersionProblems(webhook, at(path, "matchConditionSubjectAccessReviewVersion")),
    ...choiceProblems(policy, ["NoOpinion", "Deny"], at(path, "failurePolicy")),
    ...connectionProblems(webhook, at(path, "connectionInfo")),
  );
  const remembered = (isCached: boolean | undefined, ttl: string) => (isCached === false ? 0 : msOf(ttl));
  return {
    kubeconfigFile: webhook.connectionInfo.kubeConfigFile ?? "",
    version: version === "v1beta1" ? "v1beta1" : "v1",
    timeoutMs: msOf(timeout),
    authorizedMs: remembered(webhook.cacheAuthorizedRequests, authorizedTTL),
    unauthorizedMs: remembered(webhook.cacheUnauthorizedRequests, unauthorizedTTL),
    onFailure: policy === "Deny" ? "deny" : "no-opinion",
    conditions: compileConditions(webhook, at(path, "matchConditions"), problems),
  };
}

const msOf = (text: string): number => (text === "" ? 0 : parseDuration(text));

function* ttlProblems(text: string, path: string): Iterable<FieldProblem> {
  if (msOf(text) < 0) yield invalid(path, text, "must be > 0s");
}

function* timeoutProblems(text: string, path: string): Iterable<FieldProblem> {
  const timeoutMs = msOf(text);
  if (timeoutMs === 0) yield required(path);
  else if (timeoutMs < 0 || timeoutMs > TIMEOUT_MS_MAX) yield invalid(path, text, "must be > 0s and <= 30s");
}

function* choiceProblems(value: string, choices: readonly string[], path: string): Iterable<FieldProblem> {
  if (value === "") yield required(path);
  else if (!choices.includes(value)) yield notSupported(path, value, choices);
}

function* conditionVersionProblems(
  { matchConditions, matchConditionSubjectAccessReviewVersion: version = "" }: WebhookConfiguration,
  path: string,
): Iterable<FieldProblem> {
  if (version === "" && matchConditions?.length)
    yield required(path, "required if match conditions are specified");
  else if (version !== "" && version !== "v1") yield notSupported(path, version, ["v1"]);
}

const CONNECTIONS = ["InClusterConfig", "KubeConfigFile"];

function* connectionProblems(
  { connectionInfo: { type = "", kubeConfigFile } }: WebhookConfiguration,
  path: string,
): Iterable<FieldProblem> {
  yield* choiceProblems(type, CONNECTIONS, at(path, "type"));
  const file = at(path, "kubeConfigFile");
  if (type === "InClusterConfig") {
    // It would ask itself.
    yield invalid(at(path, "type"), type, "not allowed for the API server itself");
    if (kubeConfigFile !== undefined)
      yield invalid(file, kubeConfigFile, "can only be set when type=KubeConfigFile");
  }
  if (type !== "KubeConfigFile") return;
  if (!kubeConfigFile) yield required(file);
  else if (!isAbsolute(kubeConfigFile)) yield invalid(file, kubeConfigFile, "must be an absolute path");
  else yield* fileProblems(kubeConfigFile, file);
}

function* fileProblems(file: string, path: string): Iterable<FieldProblem> {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) yield invalid(path, file, `error loading file: stat ${file}: no such file or directory`);
  else if (!found.isFile()) yield invalid(path, file, "must be a regular file");
}

const CONDITIONS_MAX = 64;

function compileConditions(
  { matchConditions = [] }: WebhookConfiguration,
  parent: string,
  problems: FieldProblem[],
): readonly CompiledCondition[] {
  if (matchConditions.length > CONDITIONS_MAX)
    problems.push(tooMany(parent, matchConditions.length, CONDITIONS_MAX));
  const seen = new Set<string>();
  return matchConditions.flatMap(({ expression = "" }, index): CompiledCondition[] => {
    const path = at(item(parent, index), "expression");
    if (expression.trim() === "") {
      problems.push(required(path));
      return [];
    }
    if (seen.has(expression)) problems.push(duplicate(path, expression));
    seen.add(expression);
    const rule = compileMatchCondition(expression);
    if (!("error" in rule)) return [{ text: expression, program: rule.program }];
    problems.push(invalid(path, expression, rule.error));
    return [];
  });
}
