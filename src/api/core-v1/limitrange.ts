import { resourceNameProblems } from "#api/core-v1/resources";
import { compareQuantities, quantityMilli } from "#machinery/quantity";
import { distinct, namedIfSet, own } from "#api/checks";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  at,
  entry,
  type FieldProblem,
  forbidden,
  invalid,
  list,
  map,
  type Of,
  quantity,
  required,
  resource,
  string,
  struct,
} from "#machinery/schema";

/** From the least to the most: each may not be above the next ones. */
const ORDER = [
  ["min", "min"],
  ["defaultRequest", "default request"],
  ["default", "default"],
  ["max", "max"],
] as const;

type Bounds = { readonly [K in (typeof ORDER)[number][0]]?: Readonly<Record<string, string>> };

function* orderProblems(bounds: Bounds, path: string): Iterable<FieldProblem> {
  for (const [index, [low, lowName]] of ORDER.entries())
    for (const [high, highName] of ORDER.slice(index + 1))
      for (const [name, amount] of Object.entries(bounds[low] ?? {})) {
        const above = own(bounds[high], name);
        if (above !== undefined && compareQuantities(amount, above) > 0)
          yield invalid(
            entry(at(path, low), name),
            amount,
            `${lowName} value ${amount} is greater than ${highName} value ${above}`,
          );
      }
}

const OF_CONTAINERS = ["Container", "Pod"];
const STANDARD_TYPES = [...OF_CONTAINERS, "PersistentVolumeClaim"];

export const LimitRangeItem = struct(
  "core.v1.LimitRangeItem",
  {
    type: string(1).required().notEmpty().doc("What is limited: Container, Pod or PersistentVolumeClaim."),
    max: map(2, quantity).doc("The most by resource."),
    min: map(3, quantity).doc("The least by resource."),
    default: map(4, quantity).doc("Limits of containers that name none."),
    defaultRequest: map(5, quantity).doc("Requests of containers that name none."),
    maxLimitRequestRatio: map(6, quantity).doc("How far a limit may be above its request."),
  },
  {
    *validate(limit, path) {
      yield* namedIfSet(at(path, "type"), limit.type, "qualified-name");
      if (limit.type !== "" && !limit.type.includes("/") && !STANDARD_TYPES.includes(limit.type))
        yield invalid(at(path, "type"), limit.type, "must be a standard limit type or fully qualified");
      if (OF_CONTAINERS.includes(limit.type))
        for (const member of ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const)
          for (const name of Object.keys(limit[member] ?? {}))
            yield* resourceNameProblems(name, entry(at(path, member), name));
      if (limit.type === "Pod") {
        const text = "may not be specified when `type` is 'Pod'";
        if (limit.default) yield forbidden(at(path, "default"), text);
        if (limit.defaultRequest) yield forbidden(at(path, "defaultRequest"), text);
      }
      if (limit.type === "PersistentVolumeClaim" && !limit.min?.storage && !limit.max?.storage)
        yield required(path, "either minimum or maximum storage value is required, but neither was provided");
      yield* orderProblems(limit, path);
      for (const [name, ratio] of Object.entries(limit.maxLimitRequestRatio ?? {})) {
        const where = entry(at(path, "maxLimitRequestRatio"), name);
        if (compareQuantities(ratio, "1") < 0) yield invalid(where, ratio, `ratio ${ratio} is less than 1`);
        const [min, max] = [own(limit.min, name), own(limit.max, name)];
        if (min === undefined || max === undefined || quantityMilli(min) === 0) continue;
        const bound = quantityMilli(max) / quantityMilli(min);
        if (quantityMilli(ratio) / 1000 > bound)
          yield invalid(where, ratio, `ratio ${ratio} is greater than max/min = ${bound.toFixed(6)}`);
      }
    },
  },
);
export interface LimitRangeItem extends Of<typeof LimitRangeItem> {}

export const LimitRangeSpec = struct("core.v1.LimitRangeSpec", {
  limits: list(1, LimitRangeItem).required().atomic().doc("The limits."),
});
export interface LimitRangeSpec extends Of<typeof LimitRangeSpec> {}

/** Containers may use what is the most, and ask for what they may use, unless something else is said. */
function limitDefaults(limit: LimitRangeItem): LimitRangeItem {
  if (limit.type !== "Container") return limit;
  const most = { ...limit.max, ...limit.default };
  const asked = { ...limit.min, ...most, ...limit.defaultRequest };
  return { ...limit, default: most, defaultRequest: asked };
}

export const LimitRange = resource({
  apiVersion: "v1",
  kind: "LimitRange",
  doc: "Bounds and defaults for what single containers, pods and claims ask for.",
  plural: "limitranges",
  shortNames: ["limits"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: LimitRangeSpec,
  createOnUpdate: true,

  rules: {
    defaults: (range) => ({
      ...range,
      spec: { ...range.spec, limits: (range.spec.limits ?? []).map(limitDefaults) },
    }),
    validate: ({ spec }) => distinct("spec.limits", spec.limits, ({ type }) => type, "type"),
  },
});
export interface LimitRange extends Of<typeof LimitRange> {}
