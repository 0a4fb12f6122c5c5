import { namedIfSet, named } from "#api/checks";
import { at, int64, invalid, type Of, string, struct, time } from "#machinery/schema";

export const Taint = struct(
  "core.v1.Taint",
  {
    key: string(1).required().notEmpty().doc("Name of the taint."),
    value: string(2).doc("Value of the taint."),
    effect: string(3)
      .oneOf("NoSchedule", "PreferNoSchedule", "NoExecute")
      .required()
      .notEmpty()
      .doc("What happens to pods that do not put up with it."),
    timeAdded: time(4).pointer().doc("When it was put on."),
  },
  {
    *validate({ key, value }, path) {
      yield* namedIfSet(at(path, "key"), key, "qualified-name");
      yield* namedIfSet(at(path, "value"), value, "label-value");
    },
  },
);
export interface Taint extends Of<typeof Taint> {}

export const Toleration = struct(
  "core.v1.Toleration",
  {
    key: string(1).doc("Taint's key; empty with Exists for all of them."),
    operator: string(2)
      .oneOf("Exists", "Equal", "Lt", "Gt")
      .gateValues("TaintTolerationComparisonOperators", "Lt", "Gt")
      .doc("Exists, or Equal to the value."),
    value: string(3).doc("Taint's value."),
    effect: string(4)
      .oneOf("NoSchedule", "PreferNoSchedule", "NoExecute")
      .doc("Effect that is put up with; empty for all."),
    tolerationSeconds: int64(5).pointer().doc("How long NoExecute is put up with; for ever by default."),
  },
  {
    *validate({ key, operator, value, effect, tolerationSeconds }, path) {
      yield* namedIfSet(at(path, "key"), key, "qualified-name");
      if (!key && operator !== "Exists") {
        const meaning = 'which means "match all values and all keys"';
        yield invalid(
          at(path, "operator"),
          operator ?? "",
          `operator must be Exists when \`key\` is empty, ${meaning}`,
        );
      }
      if (tolerationSeconds !== undefined && effect !== "NoExecute")
        yield invalid(
          at(path, "effect"),
          effect ?? "",
          "effect must be 'NoExecute' when `tolerationSeconds` is set",
        );
      if (operator === "Exists" && value)
        yield invalid(at(path, "operator"), value, "value must be empty when `operator` is 'Exists'");
      if ((operator ?? "Equal") === "Equal") yield* named(at(path, "operator"), value, "label-value");
    },
  },
);
export interface Toleration extends Of<typeof Toleration> {}

/** Does the toleration put up with the taint? */
export function tolerates(
  { key = "", operator = "Equal", value = "", effect }: Toleration,
  taint: Taint,
): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key !== "" && key !== taint.key) return false;
  const actual = taint.value ?? "";
  switch (operator) {
    case "Exists":
      return true;
    case "Equal":
      return value === actual;
    case "Lt":
      return isInteger(actual) && isInteger(value) && Number(actual) < Number(value);
    case "Gt":
      return isInteger(actual) && isInteger(value) && Number(actual) > Number(value);
  }
}

const isInteger = (text: string): boolean => /^-?[0-9]+$/.test(text);

/** The taints among `taints` that no toleration puts up with. */
export const untolerated = (taints: readonly Taint[], tolerations: readonly Toleration[]): readonly Taint[] =>
  taints.filter((taint) => !tolerations.some((one) => tolerates(one, taint)));
