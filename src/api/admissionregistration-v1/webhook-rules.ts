/** What a configuration of admission webhooks must look like. */
import { compileCondition, type Mentions } from "#api/admissionregistration-v1/expressions";
import type { MatchCondition, RuleWithOperations } from "#api/admissionregistration-v1/matching";
import type { ServiceReference, WebhookClientConfig } from "#api/admissionregistration-v1/webhook";
import { distinct, type Problems } from "#api/checks";
import { problemsOfName, problemsOfPort } from "#machinery/names";
import { at, invalid, item, notSupported, required, tooMany } from "#machinery/schema";

/** The parts that both kinds of webhooks have. */
interface Webhook {
  readonly name: string;
  readonly clientConfig: WebhookClientConfig;
  readonly rules?: readonly RuleWithOperations[];
  readonly sideEffects?: string;
  readonly timeoutSeconds?: number;
  readonly admissionReviewVersions: readonly string[];
  readonly matchConditions?: readonly MatchCondition[];
}

/** Versions of AdmissionReview that the server speaks. */
export const REVIEW_VERSIONS: readonly string[] = ["v1", "v1beta1"];

const SEGMENTS_MIN = 3;
const TIMEOUT_SECONDS_MAX = 30;

export function* webhooksProblems(webhooks: readonly Webhook[] | undefined): Problems {
  for (const [index, webhook] of (webhooks ?? []).entries()) {
    yield* webhookProblems(item("webhooks", index), webhook);
  }
  yield* distinct("webhooks", webhooks, ({ name }) => name, "name");
}

function* webhookProblems(path: string, webhook: Webhook): Problems {
  const { name, rules, sideEffects, timeoutSeconds, clientConfig, matchConditions } = webhook;
  yield* qualifiedNameProblems(at(path, "name"), name);
  for (const [index, rule] of (rules ?? []).entries()) {
    yield* ruleProblems(item(at(path, "rules"), index), rule);
  }
  if (!sideEffects) yield required(at(path, "sideEffects"), "must specify one of None, NoneOnDryRun");
  if (timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > TIMEOUT_SECONDS_MAX)) {
    const detail = `the timeout value must be between 1 and ${TIMEOUT_SECONDS_MAX} seconds`;
    yield invalid(at(path, "timeoutSeconds"), timeoutSeconds, detail);
  }
  yield* clientConfigProblems(at(path, "clientConfig"), clientConfig);
  yield* conditionProblems(at(path, "matchConditions"), matchConditions ?? []);
  yield* reviewVersionProblems(at(path, "admissionReviewVersions"), webhook.admissionReviewVersions);
}

const CONDITIONS_MAX = 64;

/** What has to hold of a write beside the rules. */
export function* conditionProblems(
  path: string,
  conditions: readonly MatchCondition[],
  mentions: Mentions = {},
): Problems {
  if (conditions.length > CONDITIONS_MAX) yield tooMany(path, conditions.length, CONDITIONS_MAX);
  for (const [index, { name, expression }] of conditions.entries()) {
    const where = item(path, index);
    const trimmed = expression.trim();
    if (trimmed === "") yield required(at(where, "expression"));
    else {
      const compiled = compileCondition(trimmed, mentions);
      if ("error" in compiled) yield invalid(at(where, "expression"), trimmed, compiled.error);
    }
    const badName = problemsOfName("qualified-name", name);
    if (name === "") yield required(at(where, "name"));
    else if (badName.length > 0) yield invalid(at(where, "name"), name, badName.join(","));
  }
  yield* distinct(path, conditions, ({ name }) => name, "name");
}

function* qualifiedNameProblems(path: string, name: string): Problems {
  if (name === "") return yield required(path);
  const problems = problemsOfName("dns-subdomain", name);
  if (problems.length > 0) yield invalid(path, name, problems.join(","));
  else if (name.split(".").length < SEGMENTS_MIN) {
    yield invalid(path, name, "should be a domain with at least three segments separated by dots");
  }
}

const OPERATIONS = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];

/** What a webhook or a policy is asked about. `scope` is checked with its field. */
export function* ruleProblems(path: string, rule: RuleWithOperations): Problems {
  const { operations, apiGroups, apiVersions, resources } = rule;
  yield* wildcardProblems(at(path, "operations"), operations, "operations");
  for (const [index, operation] of (operations ?? []).entries()) {
    if (!OPERATIONS.includes(operation))
      yield notSupported(item(at(path, "operations"), index), operation, OPERATIONS);
  }
  yield* wildcardProblems(at(path, "apiGroups"), apiGroups, "API groups");
  yield* wildcardProblems(at(path, "apiVersions"), apiVersions, "API versions");
  for (const [index, version] of (apiVersions ?? []).entries()) {
    if (version === "") yield required(item(at(path, "apiVersions"), index));
  }
  yield* ruleResourceProblems(at(path, "resources"), resources ?? []);
}

function* wildcardProblems(path: string, values: readonly string[] | undefined, what: string): Problems {
  if (!values?.length) yield required(path);
  else if (values.length > 1 && values.includes("*")) {
    yield invalid(path, values, `if '*' is present, must not specify other ${what}`);
  }
}

/** `pods`, `pods/status`, `pods/*`, `*`, and all of everything. */
function* ruleResourceProblems(path: string, resources: readonly string[]): Problems {
  if (resources.length === 0) yield required(path);
  const [allOfResource, allOfSubresource] = [new Set<string>(), new Set<string>()];
  for (const [index, text] of resources.entries()) {
    const where = item(path, index);
    if (text === "") yield required(where);
    const slash = text.indexOf("/");
    if (slash < 0) continue;
    const [resource, subresource] = [text.slice(0, slash), text.slice(slash + 1)];
    if (allOfResource.has(resource)) {
      yield invalid(where, text, `if '${resource}/*' is present, must not specify ${text}`);
    }
    if (allOfSubresource.has(subresource)) {
      yield invalid(where, text, `if '*/${subresource}' is present, must not specify ${text}`);
    }
    if (subresource === "*") allOfResource.add(resource);
    if (resource === "*") allOfSubresource.add(subresource);
  }
  if (resources.length > 1 && resources.includes("*/*")) {
    yield invalid(path, resources, "if '*/*' is present, must not specify other resources");
  }
  if (
    resources.includes("*") &&
    resources.some((text) => text !== "" && text !== "*" && !text.includes("/"))
  ) {
    const detail = "if '*' is present, must not specify other resources without subresources";
    yield invalid(path, resources, detail);
  }
}

function* reviewVersionProblems(path: string, versions: readonly string[] | undefined): Problems {
  const known = REVIEW_VERSIONS.join(", ");
  if (!versions?.length) return yield required(path, `must specify one of ${known}`);
  yield* distinct(path, versions, (version) => version);
  for (const [index, version] of versions.entries()) {
    if (versions.indexOf(version) < index) continue;
    for (const detail of problemsOfName("dns-1035-label", version))
      yield invalid(item(path, index), version, detail);
  }
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    yield invalid(path, versions, `must include at least one of ${known}`);
  }
}

/** Where a webhook is reached: one of url and service. */
export function* clientConfigProblems(path: string, { url, service }: WebhookClientConfig): Problems {
  if ((url === undefined) === (service === undefined)) {
    return yield required(path, "exactly one of url or service is required");
  }
  if (url !== undefined) yield* webhookUrlProblems(at(path, "url"), url);
  if (service !== undefined) yield* serviceProblems(at(path, "service"), service);
}

const FORM = "; desired format: https://host[/path]";
/** Scheme, authority, path, query and fragment (RFC 3986, appendix B). */
const URL_PARTS = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;

export function* webhookUrlProblems(path: string, url: string): Problems {
  const [, scheme = "", authority = "", , query = "", fragment = ""] = URL_PARTS.exec(url) ?? [];
  const sign = authority.lastIndexOf("@");
  const host = authority.slice(sign + 1);
  if (scheme !== "" && host !== "" && !URL.canParse(url)) {
    return yield required(path, `url must be a valid URL: parse ${JSON.stringify(url)}: invalid URL${FORM}`);
  }
  if (scheme.toLowerCase() !== "https")
    yield invalid(path, scheme, `'https' is the only allowed URL scheme${FORM}`);
  if (host === "") yield invalid(path, host, `host must be specified${FORM}`);
  if (sign >= 0)
    yield invalid(path, authority.slice(0, sign), "user information is not permitted in the URL");
  if (fragment !== "") yield invalid(path, fragment, "fragments are not permitted in the URL");
  if (query !== "") yield invalid(path, query, "query parameters are not permitted in the URL");
}

function* serviceProblems(
  path: string,
  { name, namespace, path: urlPath, port }: ServiceReference,
): Problems {
  if (name === "") yield required(at(path, "name"), "service name is required");
  if (namespace === "") yield required(at(path, "namespace"), "service namespace is required");
  const badPort = port === undefined ? [] : problemsOfPort(port);
  if (badPort.length > 0) yield invalid(at(path, "port"), port, `port is not valid: ${badPort.join(",")}`);
  if (urlPath !== undefined) yield* urlPathProblems(at(path, "path"), urlPath);
}

function* urlPathProblems(path: string, text: string): Problems {
  if (text === "" || text === "/") return;
  if (text === "//") return yield invalid(path, text, "segment[0] may not be empty");
  if (!text.startsWith("/")) yield invalid(path, text, "must start with a '/'");
  const segments = text.slice(1).replace(/\/$/, "").split("/");
  for (const [index, segment] of segments.entries()) {
    if (segment === "") yield invalid(path, text, `segment[${index}] may not be empty`);
    else
      for (const detail of problemsOfName("dns-subdomain", segment))
        yield invalid(path, text, `segment[${index}]: ${detail}`);
  }
}
