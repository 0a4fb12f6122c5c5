/** What a request says about the objects it is about, as requirements: narrower questions may be allowed where wider ones are not. */
import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
} from "#api/authorization-v1/subjectaccessreview";
import { parseFieldSelector } from "#machinery/field-selector";
import { type LabelOperator, formatRequirements, parseLabelSelector } from "#machinery/label-selector";
import type { RequestInfo } from "../contracts.ts";

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

const SELECTING = new Set(["list", "watch", "deletecollection"]);

/** Of requests that select. A selector that cannot be read restricts nothing: the request itself will be refused. */
export function selectorsOf({ verb, query }: RequestInfo): {
  readonly fieldSelector?: FieldSelectorAttributes;
  readonly labelSelector?: LabelSelectorAttributes;
} {
  if (!SELECTING.has(verb)) return {};
  const fields = read(query.get("fieldSelector"), fieldRequirements);
  const labels = read(query.get("labelSelector"), labelRequirements);
  return {
    ...(fields.length > 0 ? { fieldSelector: { requirements: fields } } : {}),
    ...(labels.length > 0 ? { labelSelector: { requirements: labels } } : {}),
  } as ReturnType<typeof selectorsOf>;
}

function read(text: string | null, parse: (text: string) => readonly Requirement[]): readonly Requirement[] {
  if (text === null || text === "") return [];
  try {
    return parse(text);
  } catch {
    return [];
  }
}

const fieldRequirements = (text: string): readonly Requirement[] =>
  parseFieldSelector(text).map(({ field, operator, value }) => ({
    key: field,
    operator: operator === "=" ? "In" : "NotIn",
    values: [value],
  }));

const OPERATORS: Partial<Record<LabelOperator, string>> = {
  in: "In",
  notin: "NotIn",
  exists: "Exists",
  "!exists": "DoesNotExist",
};

/** Those that the review has no word for are left out, which asks for more. */
const labelRequirements = (text: string): readonly Requirement[] =>
  parseLabelSelector(text).requirements.flatMap(({ key, operator, values }) => {
    const known = OPERATORS[operator];
    if (known === undefined) return [];
    return [{ key, operator: known, ...(values.length > 0 ? { values } : {}) }];
  });

/** The other way: requirements as the text of a request. Fields know equality only. Throws an Error for others. */
export const fieldText = (requirements: readonly Requirement[]): string =>
  requirements
    .map(({ key, operator, values = [] }) => {
      const sign = operator === "In" ? "=" : operator === "NotIn" ? "!=" : undefined;
      if (sign === undefined || values.length !== 1)
        throw new Error(
          `fieldSelector operator ${JSON.stringify(operator)} with ${values.length} values is not supported`,
        );
      return `${key}${sign}${escaped(values[0]!)}`;
    })
    .join(",");

const escaped = (value: string): string => value.replace(/[\\,=]/g, "\\$&");

export function labelText(requirements: readonly Requirement[]): string {
  const known = Object.entries(OPERATORS);
  return formatRequirements(
    requirements.map(({ key, operator, values = [] }) => {
      const found = known.find(([, name]) => name === operator)?.[0];
      if (found === undefined)
        throw new Error(`${JSON.stringify(operator)} is not a valid label selector operator`);
      return { key, operator: found as LabelOperator, values };
    }),
  );
}
