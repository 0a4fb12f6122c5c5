import { ageColumn, nameColumn, text } from "#api/columns";
import { named, own, sameValue } from "#api/checks";
import { quantityMilli } from "#machinery/quantity";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  at,
  entry,
  type FieldProblem,
  invalid,
  list,
  map,
  type Of,
  quantity,
  ref,
  required,
  resource,
  string,
  struct,
} from "#machinery/schema";

export const ScopedResourceSelectorRequirement = struct(
  "core.v1.ScopedResourceSelectorRequirement",
  {
    scopeName: string(1)
      .oneOf(
        "Terminating",
        "NotTerminating",
        "BestEffort",
        "NotBestEffort",
        "PriorityClass",
        "CrossNamespacePodAffinity",
        "VolumeAttributesClass",
      )
      .required()
      .doc("Scope that is meant."),
    operator: string(2)
      .oneOf("In", "NotIn", "Exists", "DoesNotExist")
      .required()
      .doc("In, NotIn, Exists or DoesNotExist."),
    values: list(3, string).atomic().doc("Values that the operator compares with."),
  },
  {
    *validate({ scopeName, operator, values = [] }, path) {
      const where = at(path, "values");
      if (operator === "In" || operator === "NotIn") {
        if (values.length === 0)
          yield required(
            where,
            "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
          );
      } else if (values.length > 0)
        yield invalid(
          where,
          values,
          "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        );
      if (operator !== "Exists" && scopeName !== "PriorityClass" && scopeName !== "VolumeAttributesClass")
        yield invalid(
          at(path, "operator"),
          operator,
          "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
        );
    },
  },
);
export interface ScopedResourceSelectorRequirement extends Of<typeof ScopedResourceSelectorRequirement> {}

export const ScopeSelector = struct(
  "core.v1.ScopeSelector",
  {
    matchExpressions: list(1, ScopedResourceSelectorRequirement)
      .atomic()
      .doc("Requirements on scopes, all of them."),
  },
  { atomic: true },
);
export interface ScopeSelector extends Of<typeof ScopeSelector> {}

const MEASURES = ["cpu", "memory", "ephemeral-storage"];
const COUNTS = [
  "pods",
  "services",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
];
const KNOWN = new Set([
  ...MEASURES,
  ...MEASURES.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
  ...COUNTS,
  "storage",
  "requests.storage",
]);

const isKnown = (name: string): boolean =>
  KNOWN.has(name) || name.startsWith("hugepages-") || name.startsWith("requests.hugepages-");

const SCOPES = [
  "Terminating",
  "NotTerminating",
  "BestEffort",
  "NotBestEffort",
  "PriorityClass",
  "CrossNamespacePodAffinity",
  "VolumeAttributesClass",
];

const OF_PODS = new Set([
  "pods",
  ...["cpu", "memory"].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);
const OF_CLAIMS = new Set(["persistentvolumeclaims", "requests.storage"]);

/** The amounts that a scope can be about; others than the standard ones go with every scope. */
const APPLIES: Readonly<Record<string, ReadonlySet<string>>> = {
  Terminating: OF_PODS,
  NotTerminating: OF_PODS,
  NotBestEffort: OF_PODS,
  PriorityClass: OF_PODS,
  CrossNamespacePodAffinity: OF_PODS,
  BestEffort: new Set(["pods"]),
  VolumeAttributesClass: OF_CLAIMS,
};

const appliesTo = (scope: string, hard: Readonly<Record<string, string>>): boolean =>
  Object.keys(hard).every((name) => !isKnown(name) || (own(APPLIES, scope)?.has(name) ?? true));

const CONFLICTS: readonly (readonly [string, string])[] = [
  ["BestEffort", "NotBestEffort"],
  ["Terminating", "NotTerminating"],
];

function* amountProblems(list: Readonly<Record<string, string>>, path: string): Iterable<FieldProblem> {
  for (const [name, amount] of Object.entries(list)) {
    const where = entry(path, name);
    yield* named(where, name, "qualified-name");
    if (!name.includes("/") && !isKnown(name))
      yield invalid(where, name, "must be a standard resource for quota");
    if (amount.startsWith("-")) yield invalid(where, amount, "must be greater than or equal to 0");
    if ((COUNTS.includes(name) || name.startsWith("count/")) && quantityMilli(amount) % 1000 !== 0)
      yield invalid(where, amount, "must be an integer");
  }
}

export const ResourceQuotaSpec = struct(
  "core.v1.ResourceQuotaSpec",
  {
    hard: map(1, quantity).doc("The most that the namespace may have of each."),
    scopes: list(2, string).atomic().doc("Which objects are counted."),
    scopeSelector: ref(3, ScopeSelector).doc("Which objects are counted, by conditions."),
  },
  {
    *validate({ hard = {}, scopes = [], scopeSelector }, path) {
      yield* amountProblems(hard, at(path, "hard"));
      for (const scope of scopes) {
        if (!SCOPES.includes(scope)) yield invalid(at(path, "scopes"), scopes, "unsupported scope");
        if (!appliesTo(scope, hard))
          yield invalid(at(path, "scopes"), scopes, "unsupported scope applied to resource");
      }
      for (const { scopeName } of scopeSelector?.matchExpressions ?? [])
        if (!appliesTo(scopeName, hard))
          yield invalid(at(path, "scopeSelector"), scopeName, "unsupported scope applied to resource");
      for (const [one, other] of CONFLICTS)
        if (scopes.includes(one) && scopes.includes(other))
          yield invalid(at(path, "scopes"), scopes, "conflicting scopes");
    },
  },
);
export interface ResourceQuotaSpec extends Of<typeof ResourceQuotaSpec> {}

export const ResourceQuotaStatus = struct("core.v1.ResourceQuotaStatus", {
  hard: map(1, quantity).doc("The limits that are in force."),
  used: map(2, quantity).doc("What is in use."),
});
export interface ResourceQuotaStatus extends Of<typeof ResourceQuotaStatus> {}

const LIMITS = "limits.";

const usageText = ({ hard = {}, used = {} }: ResourceQuotaStatus, limits: boolean): string =>
  Object.keys(hard)
    .filter((name) => name.startsWith(LIMITS) === limits)
    .toSorted()
    .map((name) => `${name}: ${own(used, name) ?? "0"}/${hard[name]}`)
    .join(", ");

export const ResourceQuota = resource({
  apiVersion: "v1",
  kind: "ResourceQuota",
  doc: "The most that a namespace may use altogether.",
  plural: "resourcequotas",
  shortNames: ["quota"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: ResourceQuotaSpec,
  status: ResourceQuotaStatus,
  counted: false,

  columns: [
    nameColumn,
    text("Request", ({ status }) => usageText(status, false)),
    text("Limit", ({ status }) => usageText(status, true)),
    ageColumn,
  ],
  rules: {
    *validateUpdate({ spec }, old) {
      for (const name of ["scopes", "scopeSelector"] as const)
        if (!sameValue(spec[name], old.spec[name]))
          yield invalid(`spec.${name}`, spec[name] ?? null, "field is immutable");
    },
    *validateStatusUpdate({ status }) {
      yield* amountProblems(status.hard ?? {}, "status.hard");
      yield* amountProblems(status.used ?? {}, "status.used");
    },
  },
});
export interface ResourceQuota extends Of<typeof ResourceQuota> {}
