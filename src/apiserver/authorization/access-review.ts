/** Answers "may I?" and "may they?" (`kubectl auth can-i`). */
import type { LocalSubjectAccessReview } from "#api/authorization-v1/localsubjectaccessreview";
import type { SelfSubjectAccessReview } from "#api/authorization-v1/selfsubjectaccessreview";
import type { SelfSubjectRulesReview } from "#api/authorization-v1/selfsubjectrulesreview";
import type {
  NonResourceAttributes,
  ResourceAttributes,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
} from "#api/authorization-v1/subjectaccessreview";
import { formatFieldSelector, parseFieldSelector } from "#machinery/field-selector";
import { formatRequirements, parseLabelSelector } from "#machinery/label-selector";
import { at, type FieldProblem, forbidden, invalid, item, required } from "#machinery/schema";
import { badRequest, invalidObject } from "#machinery/status";
import type { Authorizer, RequestInfo, User } from "../contracts.ts";
import type { Rule } from "./rules.ts";
import { fieldText, labelText } from "./selectors.ts";
import type { UserRules } from "./user-rules.ts";

interface AttributesSpec {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: NonResourceAttributes;
}

const GROUP = "authorization.k8s.io";

export class AccessReviews {
  readonly #authorizer: Authorizer;
  readonly #rulesOf: UserRules;

  /** `rulesOf`: what those who decide know of a user's rights. */
  constructor(authorizer: Authorizer, rulesOf: UserRules) {
    this.#authorizer = authorizer;
    this.#rulesOf = rulesOf;
  }

  /** The review with its status filled in. */
  async subjectAccess(review: SubjectAccessReview): Promise<SubjectAccessReview> {
    refuse(review.kind, [...subjectProblems(review.spec), ...metadataProblems(review, [])]);
    return { ...review, status: await this.#decide(subjectOf(review.spec), review.spec) };
  }

  async localSubjectAccess(
    review: LocalSubjectAccessReview,
    namespace: string,
  ): Promise<LocalSubjectAccessReview> {
    const { spec, metadata } = review;
    refuse(review.kind, [
      ...subjectProblems(spec),
      ...metadataProblems(review, ["namespace"]),
      ...localProblems(spec, metadata.namespace ?? namespace),
    ]);
    if (metadata.namespace !== undefined && metadata.namespace !== namespace) {
      throw badRequest(
        `spec.resourceAttributes.namespace must match namespace: ${JSON.stringify(namespace)}`,
      );
    }
    return { ...review, status: await this.#decide(subjectOf(spec), spec) };
  }

  async selfAccess(review: SelfSubjectAccessReview, user: User): Promise<SelfSubjectAccessReview> {
    refuse(review.kind, [...attributeProblems(review.spec), ...metadataProblems(review, [])]);
    return { ...review, status: await this.#decide(user, review.spec) };
  }

  /** What is known of the user's rights in a namespace; where somebody decides by other means, the answer says so. */
  selfRules(review: SelfSubjectRulesReview, user: User): SelfSubjectRulesReview {
    const namespace = review.spec.namespace ?? "";
    if (namespace === "") throw badRequest("no namespace on request");
    const { rules, incomplete, errors } = this.#rulesOf(user, namespace);
    const resourceRules = rules.filter(({ resources }) => resources?.length).map(withoutUrls);
    const nonResourceRules = rules
      .filter(({ nonResourceURLs }) => nonResourceURLs?.length)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs }));
    const evaluationError = errorText(errors);
    return {
      ...review,
      status: {
        resourceRules,
        nonResourceRules,
        incomplete,
        ...(evaluationError === "" ? {} : { evaluationError }),
      },
    };
  }

  async #decide(user: User, spec: AttributesSpec): Promise<SubjectAccessReviewStatus> {
    const { request, ignored } = requestOf(spec);
    const { verdict, reason, error } = await this.#authorizer.authorize(user, request);
    const evaluationError = errorText([...(error === undefined ? [] : [error]), ...ignored]);
    return {
      allowed: verdict === "allow",
      ...(verdict === "deny" ? { denied: true } : {}),
      ...(reason === "" ? {} : { reason }),
      ...(evaluationError === "" ? {} : { evaluationError }),
    };
  }
}

const errorText = (errors: readonly string[]): string =>
  errors.length > 1 ? `[${errors.join(", ")}]` : (errors[0] ?? "");

const subjectOf = ({ user = "", groups = [], uid, extra }: SubjectAccessReviewSpec): User => ({
  name: user,
  groups,
  ...(uid === undefined ? {} : { uid }),
  ...(extra === undefined ? {} : { extra }),
});

const withoutUrls = ({ verbs, apiGroups, resources, resourceNames }: Rule) => ({
  verbs,
  ...(apiGroups ? { apiGroups } : {}),
  ...(resources ? { resources } : {}),
  ...(resourceNames ? { resourceNames } : {}),
});

function* subjectProblems(spec: SubjectAccessReviewSpec): Iterable<FieldProblem> {
  yield* attributeProblems(spec);
  if (!spec.user && !spec.groups?.length)
    yield invalid("spec.user", spec.user ?? "", "at least one of user or group must be specified");
}

/** A review is no object with a life of its own. */
function* metadataProblems(
  { metadata }: { readonly metadata: object },
  allowed: readonly string[],
): Iterable<FieldProblem> {
  const may = [...allowed, "managedFields"];
  const said = Object.entries(metadata).filter(
    ([name, value]) => value !== null && value !== undefined && !may.includes(name),
  );
  if (said.length === 0) return;
  const detail = allowed.length === 0 ? "must be empty" : `must be empty except for ${allowed.join(", ")}`;
  yield invalid("metadata", metadata, detail);
}

function* localProblems(spec: SubjectAccessReviewSpec, namespace: string): Iterable<FieldProblem> {
  const { resourceAttributes, nonResourceAttributes } = spec;
  const asked = resourceAttributes?.namespace ?? "";
  if (resourceAttributes && asked !== namespace)
    yield invalid("spec.resourceAttributes.namespace", asked, "must match metadata.namespace");
  if (nonResourceAttributes)
    yield invalid("spec.nonResourceAttributes", nonResourceAttributes, "disallowed on this kind of request");
}

function* attributeProblems({
  resourceAttributes,
  nonResourceAttributes,
}: AttributesSpec): Iterable<FieldProblem> {
  if (resourceAttributes && nonResourceAttributes) {
    const detail = "cannot be specified in combination with resourceAttributes";
    yield invalid("spec.nonResourceAttributes", nonResourceAttributes, detail);
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    yield invalid("spec.resourceAttributes", null, detail);
  }
  const path = "spec.resourceAttributes";
  if (resourceAttributes?.fieldSelector)
    yield* selectorProblems(resourceAttributes.fieldSelector, `${path}.fieldSelector`);
  if (resourceAttributes?.labelSelector)
    yield* selectorProblems(resourceAttributes.labelSelector, `${path}.labelSelector`);
}

interface Selector {
  readonly rawSelector?: string;
  readonly requirements?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

const OPERATORS = ["DoesNotExist", "Exists", "In", "NotIn"];

function* selectorProblems(
  { rawSelector, requirements = [] }: Selector,
  path: string,
): Iterable<FieldProblem> {
  if (rawSelector && requirements.length > 0) {
    const detail = "may not specified at the same time as requirements";
    yield invalid(at(path, "rawSelector"), rawSelector, detail);
  }
  if (!rawSelector && requirements.length === 0)
    yield required(
      at(path, "requirements"),
      `when ${path} is specified, requirements or rawSelector is required`,
    );
  for (const [index, { key, operator, values = [] }] of requirements.entries()) {
    const place = item(at(path, "requirements"), index);
    if (!key) yield required(at(place, "key"), "must be specified");
    if (!OPERATORS.includes(operator))
      yield invalid(at(place, "operator"), operator, "not a valid selector operator");
    else if (operator.endsWith("In") && values.length === 0)
      yield required(at(place, "values"), "must be specified when `operator` is 'In' or 'NotIn'");
    else if (!operator.endsWith("In") && values.length > 0)
      yield forbidden(
        at(place, "values"),
        "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      );
  }
}

function refuse(kind: string, problems: readonly FieldProblem[]): void {
  if (problems.length > 0) throw invalidObject({ group: GROUP, kind }, "", problems);
}

/** The question as a request, and what of it could not be understood: it is asked without that, which is more. */
function requestOf({ resourceAttributes, nonResourceAttributes }: AttributesSpec): {
  readonly request: RequestInfo;
  readonly ignored: readonly string[];
} {
  const { path = "", verb = "" } = nonResourceAttributes ?? {};
  if (!resourceAttributes) return { request: { ...NOTHING, path, verb }, ignored: [] };
  const { fieldSelector, labelSelector, ...attributes } = resourceAttributes;
  const ignored: string[] = [];
  const texts: Record<string, string> = {};
  const select = (name: string, selector: Selector | undefined, read: (selector: Selector) => string) => {
    if (!selector) return;
    try {
      texts[name] = read(selector);
    } catch {
      ignored.push(`spec.resourceAttributes.${name} ignored due to parse error`);
    }
  };
  select("fieldSelector", fieldSelector, ({ rawSelector, requirements = [] }) =>
    rawSelector ? formatFieldSelector(parseFieldSelector(rawSelector)) : fieldText(requirements),
  );
  select("labelSelector", labelSelector, ({ rawSelector, requirements = [] }) =>
    rawSelector ? formatRequirements(parseLabelSelector(rawSelector).requirements) : labelText(requirements),
  );
  const request = {
    ...NOTHING,
    isResource: true,
    verb: attributes.verb ?? "",
    group: attributes.group ?? "",
    version: attributes.version ?? "",
    resource: attributes.resource ?? "",
    subresource: attributes.subresource ?? "",
    namespace: attributes.namespace ?? "",
    name: attributes.name ?? "",
    query: Object.keys(texts).length === 0 ? NOTHING.query : new URLSearchParams(texts),
  };
  return { request, ignored };
}

const NOTHING: RequestInfo = {
  isResource: false,
  path: "",
  verb: "",
  group: "",
  version: "",
  resource: "",
  subresource: "",
  namespace: "",
  name: "",
  query: new URLSearchParams(),
};
