/** What is wrong with JSON of a custom kind. Every schema is compiled once, into checks that say so in the API's words. */
import { stringifyJson } from "../json.ts";
import { sameJson } from "../patch/json-patch.ts";
import {
  duplicate,
  type FieldProblem,
  invalid,
  type JsonSchema,
  notSupported,
  required,
  tooMany,
  typeInvalid,
} from "../schema.ts";
import { formatCheck } from "./formats.ts";
import { patternOf } from "./pattern.ts";
import { EMBEDDED_MEMBERS, isEmbedded, isIntOrString, itemsOf, valuesOf } from "./place.ts";

/**
 * `old`: the stored value at the same place, or undefined. What has not changed is not looked at: it was accepted
 * once, and must not be in the way of other changes.
 */
type Check = (value: unknown, old: unknown, path: string, problems: FieldProblem[]) => void;

const known = new WeakMap<JsonSchema, Check>();

export function checkOf(schema: JsonSchema): Check {
  let made = known.get(schema);
  if (!made) known.set(schema, (made = compile(schema)));
  return made;
}

/** Problems of a value, as far as they are new since `old`. */
export function problemsOf(schema: JsonSchema, value: unknown, old?: unknown, path = ""): FieldProblem[] {
  const problems: FieldProblem[] = [];
  checkOf(schema)(value, old, path, problems);
  return problems;
}

function compile(schema: JsonSchema): Check {
  const type = checkType(schema);
  const checks = [
    ...ofText(schema),
    ...ofNumbers(schema),
    ...ofLists(schema),
    ...ofObjects(schema),
    ...ofAny(schema),
  ];
  return (value, old, path, problems) => {
    if (old !== undefined && sameJson(value, old)) return;
    if (value === null && schema.nullable === true) return;
    const before = problems.length;
    type?.(value, old, path, problems);
    if (problems.length > before) return;
    for (const check of checks) check(value, old, path, problems);
  };
}

const say = (path: string, what: string): string => `${path} in body ${what}`;

/** The name of a value's type, as OpenAPI has it. */
export function typeNameOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "bigint") return "integer";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function checkType(schema: JsonSchema): Check | undefined {
  const { type } = schema;
  const wanted = isIntOrString(schema) ? ["integer", "string"] : type ? [type] : [];
  if (wanted.length === 0) return undefined;
  const takesIntegers = wanted.includes("number");
  return (value, _old, path, problems) => {
    const name = typeNameOf(value);
    if (wanted.includes(name) || (takesIntegers && name === "integer")) return;
    const detail = say(path, `must be of type ${wanted.join(",")}: ${JSON.stringify(name)}`);
    problems.push(typeInvalid(path, name, detail));
  };
}

/** Characters, as people count them. */
const lengthOf = (text: string): number => {
  let length = 0;
  for (const _character of text) length++;
  return length;
};

function* ofText({ minLength, maxLength, pattern, format, type }: JsonSchema): Iterable<Check> {
  const onText =
    (check: (text: string, path: string, problems: FieldProblem[]) => void): Check =>
    (value, _old, path, problems) => {
      if (typeof value === "string") check(value, path, problems);
    };
  if (maxLength !== undefined)
    yield onText((text, path, problems) => {
      if (text.length > maxLength && lengthOf(text) > maxLength)
        problems.push({
          type: "tooLong",
          path,
          value: text,
          detail: `may not be more than ${maxLength} ${maxLength === 1 ? "byte" : "bytes"}`,
        });
    });
  if (minLength !== undefined && minLength > 0)
    yield onText((text, path, problems) => {
      if (lengthOf(text) < minLength)
        problems.push(invalid(path, text, say(path, `should be at least ${minLength} chars long`)));
    });
  if (pattern) {
    const compiled = patternOf(pattern);
    if (typeof compiled !== "string")
      yield onText((text, path, problems) => {
        if (!compiled.test(text)) problems.push(invalid(path, text, say(path, `should match '${pattern}'`)));
      });
  }
  const fits = format && type !== "integer" && type !== "number" ? formatCheck(format) : undefined;
  if (fits)
    yield onText((text, path, problems) => {
      if (fits(text)) return;
      problems.push(typeInvalid(path, text, say(path, `must be of type ${format}: ${JSON.stringify(text)}`)));
    });
}

const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };

function* ofNumbers(schema: JsonSchema): Iterable<Check> {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format, type } = schema;
  const unless =
    (holds: (amount: number | bigint) => boolean, what: string): Check =>
    (value, _old, path, problems) => {
      if ((typeof value === "number" || typeof value === "bigint") && !holds(value))
        problems.push(invalid(path, value, say(path, what)));
    };
  if (maximum !== undefined)
    yield exclusiveMaximum
      ? unless((amount) => amount < maximum, `should be less than ${maximum}`)
      : unless((amount) => amount <= maximum, `should be less than or equal to ${maximum}`);
  if (minimum !== undefined)
    yield exclusiveMinimum
      ? unless((amount) => amount > minimum, `should be greater than ${minimum}`)
      : unless((amount) => amount >= minimum, `should be greater than or equal to ${minimum}`);
  if (multipleOf !== undefined && multipleOf > 0)
    yield unless((amount) => isMultiple(Number(amount), multipleOf), `should be a multiple of ${multipleOf}`);
  if (type === "integer" && format === "int32")
    yield (value, _old, path, problems) => {
      if (
        (typeof value !== "number" && typeof value !== "bigint") ||
        (value >= INT32.min && value <= INT32.max)
      )
        return;
      problems.push(
        invalid(path, value, `Checked value must be of type integer with format int32 in ${path}`),
      );
    };
}

/** Decimal fractions are not exact in binary: a tiny rest is none. */
function isMultiple(amount: number, of: number): boolean {
  const times = amount / of;
  return Math.abs(times - Math.round(times)) < 1e-9 * Math.max(1, Math.abs(times));
}

function* ofLists(schema: JsonSchema): Iterable<Check> {
  const { minItems, maxItems } = schema;
  const onList =
    (
      check: (list: readonly unknown[], old: unknown, path: string, problems: FieldProblem[]) => void,
    ): Check =>
    (value, old, path, problems) => {
      if (Array.isArray(value)) check(value, old, path, problems);
    };
  if (minItems !== undefined && minItems > 0)
    yield onList((list, _old, path, problems) => {
      if (list.length < minItems)
        problems.push(invalid(path, list.length, say(path, `should have at least ${minItems} items`)));
    });
  if (maxItems !== undefined)
    yield onList((list, _old, path, problems) => {
      if (list.length > maxItems) problems.push(tooMany(path, list.length, maxItems));
    });
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const items = itemsOf(schema);
  const listType = schema["x-kubernetes-list-type"];
  const keyOf = listType === "map" ? itemKey(keys, items) : undefined;
  if (items) {
    const check = checkOf(items);
    yield onList((list, old, path, problems) => {
      const before = keyOf && Array.isArray(old) ? new Map(old.map((one) => [keyOf(one), one])) : undefined;
      for (const [index, one] of list.entries())
        check(one, before?.get(keyOf!(one)), `${path}[${index}]`, problems);
    });
  }
  const identity = keyOf ?? (listType === "set" ? (one: unknown) => stringifyJson(one) : undefined);
  if (identity)
    yield onList((list, _old, path, problems) => {
      const seen = new Set<string>();
      for (const [index, one] of list.entries()) {
        const key = identity(one);
        if (seen.has(key)) problems.push(duplicate(`${path}[${index}]`, keyOf ? JSON.parse(key) : one));
        seen.add(key);
      }
    });
}

/** JSON of the members by which items of a keyed list are told apart. */
const itemKey =
  (keys: readonly string[], items: JsonSchema | undefined) =>
  (item: unknown): string =>
    stringifyJson(
      Object.fromEntries(
        keys
          .map((key) => [
            key,
            (item as Record<string, unknown> | null)?.[key] ?? items?.properties?.[key]?.default,
          ])
          .filter(([, value]) => value !== undefined),
      ),
    );

type Values = Readonly<Record<string, unknown>>;

const own = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Values)[key]
    : undefined;

function* ofObjects(schema: JsonSchema): Iterable<Check> {
  const { minProperties, maxProperties, required: needed = [], properties = {} } = schema;
  const onObject =
    (check: (value: Values, old: unknown, path: string, problems: FieldProblem[]) => void): Check =>
    (value, old, path, problems) => {
      if (typeof value === "object" && value !== null && !Array.isArray(value))
        check(value as Values, old, path, problems);
    };
  if (maxProperties !== undefined)
    yield onObject((value, _old, path, problems) => {
      const size = Object.keys(value).length;
      if (size > maxProperties) problems.push(tooMany(path, size, maxProperties));
    });
  if (minProperties !== undefined && minProperties > 0)
    yield onObject((value, _old, path, problems) => {
      const size = Object.keys(value).length;
      if (size < minProperties)
        problems.push(invalid(path, size, say(path, `should have at least ${minProperties} properties`)));
    });
  if (needed.length > 0)
    yield onObject((value, _old, path, problems) => {
      for (const name of needed) if (!Object.hasOwn(value, name)) problems.push(required(below(path, name)));
    });
  if (isEmbedded(schema)) yield onObject(checkEmbedded);
  const members = Object.entries(properties).map(([name, member]) => ({ name, check: checkOf(member) }));
  if (members.length > 0)
    yield onObject((value, old, path, problems) => {
      for (const { name, check } of members) {
        if (Object.hasOwn(value, name)) check(value[name], own(old, name), below(path, name), problems);
      }
    });
  const values = valuesOf(schema);
  const check = values && values !== true ? checkOf(values) : undefined;
  if (check)
    yield onObject((value, old, path, problems) => {
      for (const key of Object.keys(value)) {
        if (!Object.hasOwn(properties, key)) check(value[key], own(old, key), below(path, key), problems);
      }
    });
}

const below = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

/** An object inside of an object says what it is. */
function checkEmbedded(value: Values, _old: unknown, path: string, problems: FieldProblem[]): void {
  for (const name of ["apiVersion", "kind"]) {
    const text = own(value, name);
    if (text === undefined || text === "") problems.push(required(below(path, name), "must not be empty"));
    else if (typeof text !== "string")
      problems.push(typeInvalid(below(path, name), typeNameOf(text), `must be a string`));
  }
  const metadata = own(value, "metadata");
  if (metadata !== undefined)
    checkOf(EMBEDDED_MEMBERS.metadata!)(metadata, undefined, below(path, "metadata"), problems);
}

function* ofAny(schema: JsonSchema): Iterable<Check> {
  const { enum: values, allOf = [], anyOf = [], oneOf = [], not } = schema;
  if (values && values.length > 0) {
    const names = values.map((value) => (typeof value === "string" ? value : JSON.stringify(value)));
    yield (value, _old, path, problems) => {
      if (!values.some((one) => sameJson(one, value))) problems.push(notSupported(path, value, names));
    };
  }
  if (allOf.length > 0) yield checkAll(allOf.map(checkOf));
  // An int-or-string says so by a pattern of its own that adds nothing to its type.
  if (anyOf.length > 0) yield checkAnyOf(anyOf.map(checkOf));
  if (oneOf.length > 0) yield checkOneOf(oneOf.map(checkOf));
  if (not) yield checkNot(checkOf(not));
}

const checkAll =
  (checks: readonly Check[]): Check =>
  (value, _old, path, problems) => {
    const before = problems.length;
    for (const check of checks) check(value, undefined, path, problems);
    if (problems.length > before)
      problems.push(composed(`${JSON.stringify(path)} must validate all the schemas (allOf)`));
  };

function failuresOf(checks: readonly Check[], value: unknown, path: string): FieldProblem[][] {
  return checks.map((check) => {
    const found: FieldProblem[] = [];
    check(value, undefined, path, found);
    return found;
  });
}

/** The complaints of the branch that came closest. */
const best = (failures: readonly FieldProblem[][]): FieldProblem[] =>
  failures.reduce((one, other) => (other.length < one.length ? other : one));

/** Upstream knows no path for what is wrong with a composition: it stands in the text. */
const composed = (detail: string): FieldProblem => invalid("<nil>", "", detail);

const checkAnyOf =
  (checks: readonly Check[]): Check =>
  (value, _old, path, problems) => {
    const failures = failuresOf(checks, value, path);
    if (failures.some((found) => found.length === 0)) return;
    problems.push(
      composed(`${JSON.stringify(path)} must validate at least one schema (anyOf)`),
      ...best(failures),
    );
  };

const checkOneOf =
  (checks: readonly Check[]): Check =>
  (value, _old, path, problems) => {
    const failures = failuresOf(checks, value, path);
    const valid = failures.filter((found) => found.length === 0).length;
    if (valid === 1) return;
    const found = valid === 0 ? "Found none valid" : `Found ${valid} valid alternatives`;
    const text = `${JSON.stringify(path)} must validate one and only one schema (oneOf). ${found}`;
    problems.push(composed(text), ...(valid === 0 ? best(failures) : []));
  };

const checkNot =
  (check: Check): Check =>
  (value, _old, path, problems) => {
    const found: FieldProblem[] = [];
    check(value, undefined, path, found);
    if (found.length === 0)
      problems.push(composed(`${JSON.stringify(path)} must not validate the schema (not)`));
  };
