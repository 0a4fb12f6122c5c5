/** Answers "may I?" and "may they?" (`kubectl auth can-i`). */
import type { LocalSubjectAccessReview } from "#api/authorization-v1/localsubjectaccessreview";
import type { SelfSubjectAccessReview } from "#api/authorization-v1/selfsubjectaccessreview";
import type { SelfSubjectRulesReview } from "#api/authorization-v1/selfsubjectrulesreview";
import type {
  NonResourceAttributes,
  ResourceAttributes,
  SubjectAccessReview,
  SubjectAccessReviewStatus,
} from "#api/authorization-v1/subjectaccessreview";
import { type FieldProblem, invalid, required } from "#machinery/schema";
import { badRequest, invalidObject } from "#machinery/status";
import type { Authorizer, RequestInfo, User } from "../contracts.ts";
import type { RbacAuthorizer } from "./rbac.ts";
import type { Rule } from "./rules.ts";

interface AttributesSpec {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: NonResourceAttributes;
}

const GROUP = "authorization.k8s.io";

export class AccessReviews {
  readonly #authorizer: Authorizer;
  readonly #rbac: RbacAuthorizer;

  constructor(authorizer: Authorizer, rbac: RbacAuthorizer) {
    this.#authorizer = authorizer;
    this.#rbac = rbac;
  }

  /** The review with its status filled in. */
  async subjectAccess<T extends SubjectAccessReview | LocalSubjectAccessReview>(review: T): Promise<T> {
    const { spec } = review;
    const problems = attributeProblems(spec);
    if (!spec.user && !spec.groups?.length) {
      problems.push(invalid("spec.user", spec.user ?? "", "at least one of user or group must be specified"));
    }
    refuse(review.kind, problems);
    const user: User = {
      name: spec.user ?? "",
      groups: spec.groups ?? [],
      ...(spec.uid === undefined ? {} : { uid: spec.uid }),
      ...(spec.extra === undefined ? {} : { extra: spec.extra }),
    };
    return { ...review, status: await this.#decide(user, spec) };
  }

  async localSubjectAccess(
    review: LocalSubjectAccessReview,
    namespace: string,
  ): Promise<LocalSubjectAccessReview> {
    const asked = review.spec.resourceAttributes?.namespace ?? "";
    if (review.spec.nonResourceAttributes) {
      refuse(review.kind, [
        invalid(
          "spec.nonResourceAttributes",
          review.spec.nonResourceAttributes,
          "disallowed on this kind of request",
        ),
      ]);
    }
    if (asked !== namespace) {
      throw badRequest(
        `spec.resourceAttributes.namespace must match namespace: ${JSON.stringify(namespace)}`,
      );
    }
    return this.subjectAccess(review);
  }

  async selfAccess(review: SelfSubjectAccessReview, user: User): Promise<SelfSubjectAccessReview> {
    refuse(review.kind, attributeProblems(review.spec));
    return { ...review, status: await this.#decide(user, review.spec) };
  }

  /** What RBAC lets the user do in a namespace; nodes have more, which the answer says by being incomplete. */
  selfRules(review: SelfSubjectRulesReview, user: User): SelfSubjectRulesReview {
    const namespace = review.spec.namespace ?? "";
    if (namespace === "") throw badRequest("no namespace on request");
    const { rules, missing } = this.#rbac.rulesOf(user, namespace);
    const resourceRules = rules.filter(({ resources }) => resources?.length).map(withoutUrls);
    const nonResourceRules = rules
      .filter(({ nonResourceURLs }) => nonResourceURLs?.length)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs }));
    const isNode = user.groups.includes("system:nodes");
    return {
      ...review,
      status: {
        resourceRules,
        nonResourceRules,
        incomplete: isNode || missing.length > 0,
        ...(isNode ? { evaluationError: "node authorizer does not support user rule resolution" } : {}),
        ...(!isNode && missing.length > 0 ? { evaluationError: missing.join(", ") } : {}),
      },
    };
  }

  async #decide(user: User, spec: AttributesSpec): Promise<SubjectAccessReviewStatus> {
    const { verdict, reason } = await this.#authorizer.authorize(user, requestOf(spec));
    return {
      allowed: verdict === "allow",
      ...(verdict === "deny" ? { denied: true } : {}),
      ...(reason === "" ? {} : { reason }),
    };
  }
}

const withoutUrls = ({ verbs, apiGroups, resources, resourceNames }: Rule) => ({
  verbs,
  ...(apiGroups ? { apiGroups } : {}),
  ...(resources ? { resources } : {}),
  ...(resourceNames ? { resourceNames } : {}),
});

function attributeProblems({ resourceAttributes, nonResourceAttributes }: AttributesSpec): FieldProblem[] {
  if (resourceAttributes && nonResourceAttributes) {
    const detail = "cannot be specified in combination with resourceAttributes";
    return [invalid("spec.nonResourceAttributes", nonResourceAttributes, detail)];
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    return [invalid("spec.resourceAttributes", null, detail)];
  }
  if (
    resourceAttributes?.fieldSelector?.rawSelector &&
    resourceAttributes.fieldSelector.requirements?.length
  ) {
    return [required("spec.resourceAttributes.fieldSelector.rawSelector", "requirements may not be set too")];
  }
  return [];
}

function refuse(kind: string, problems: readonly FieldProblem[]): void {
  if (problems.length > 0) throw invalidObject({ group: GROUP, kind }, "", problems);
}

/** The question as a request. */
function requestOf({ resourceAttributes, nonResourceAttributes }: AttributesSpec): RequestInfo {
  const { path = "", verb = "" } = nonResourceAttributes ?? {};
  if (!resourceAttributes) return { ...NOTHING, path, verb };
  const { fieldSelector, ...attributes } = resourceAttributes;
  const selector = fieldSelector?.rawSelector ?? selectorText(fieldSelector?.requirements);
  const query = selector === "" ? NOTHING.query : new URLSearchParams({ fieldSelector: selector });
  return {
    ...NOTHING,
    isResource: true,
    verb: attributes.verb ?? "",
    group: attributes.group ?? "",
    version: attributes.version ?? "",
    resource: attributes.resource ?? "",
    subresource: attributes.subresource ?? "",
    namespace: attributes.namespace ?? "",
    name: attributes.name ?? "",
    query,
  };
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

/** Only equalities narrow a request, so only they are said. */
const selectorText = (
  requirements: readonly {
    readonly key?: string;
    readonly operator?: string;
    readonly values?: readonly string[];
  }[] = [],
): string =>
  requirements
    .filter(({ operator, values }) => operator === "In" && values?.length === 1)
    .map(({ key, values }) => `${key}=${values![0]}`)
    .join(",");
