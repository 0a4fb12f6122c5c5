import { named } from "#api/checks";
import { labelProblems } from "#machinery/object-meta-validation";
import {
  at,
  forbidden,
  invalid,
  item,
  list,
  map,
  type Of,
  required,
  string,
  struct,
} from "#machinery/schema";

export const FieldSelectorRequirement = struct("meta.v1.FieldSelectorRequirement", {
  key: string(1).required().doc("Path of the field."),
  operator: string(2).required().doc("In, NotIn, Exists or DoesNotExist."),
  values: list(3, string).atomic().doc("Values that the operator compares with."),
});
export interface FieldSelectorRequirement extends Of<typeof FieldSelectorRequirement> {}

export const LabelSelectorRequirement = struct(
  "meta.v1.LabelSelectorRequirement",
  {
    key: string(1).required().doc("Label that is looked at."),
    operator: string(2).required().doc("In, NotIn, Exists or DoesNotExist."),
    values: list(3, string).atomic().doc("What In and NotIn compare with; empty for the others."),
  },
  {
    *validate({ key, operator, values }, path) {
      const listed = values?.length ?? 0;
      if (operator === "In" || operator === "NotIn") {
        if (listed === 0)
          yield required(at(path, "values"), "must be specified when `operator` is 'In' or 'NotIn'");
      } else if (operator === "Exists" || operator === "DoesNotExist") {
        if (listed > 0)
          yield forbidden(
            at(path, "values"),
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
          );
      } else yield invalid(at(path, "operator"), operator, "not a valid selector operator");
      yield* named(at(path, "key"), key, "qualified-name");
      for (const [index, value] of (values ?? []).entries())
        yield* named(item(at(path, "values"), index), value, "label-value");
    },
  },
);
export interface LabelSelectorRequirement extends Of<typeof LabelSelectorRequirement> {}

export const LabelSelector = struct(
  "meta.v1.LabelSelector",
  {
    matchLabels: map(1, string).doc("Labels that must have these values."),
    matchExpressions: list(2, LabelSelectorRequirement).atomic().doc("Conditions on labels; all must hold."),
  },
  {
    atomic: true,

    *validate({ matchLabels }, path) {
      yield* labelProblems(matchLabels, at(path, "matchLabels"));
    },
  },
);
export interface LabelSelector extends Of<typeof LabelSelector> {}

/** Does it select everything? */
export const selectsAll = ({ matchLabels, matchExpressions }: LabelSelector): boolean =>
  Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0;
