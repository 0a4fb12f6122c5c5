/** What is wrong with JSON of a custom kind. Every schema is compiled once, into checks that say so in the API's words. */
import { stringifyJson } from "../json.ts";
import { problemsOfName } from "../names.ts";
import { objectMetaProblems } from "../object-meta-validation.ts";
import { sameJson } from "../same-json.ts";
import {
  type AnyMeta,
  duplicate,
  type FieldProblem,
  invalid,
  type JsonSchema,
  required,
  tooMany,
  typeInvalid,
} from "../schema.ts";
import { distinctBy } from "../told.ts";
import { formatCheck, isKnownFormat } from "./formats.ts";
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
  if (problems.length < 2 && problems[0]?.type !== "duplicate") return problems;
  // Parts of a composition often say the same.
  const found = Map.groupBy(unique(problems), isDuplicate);
  const duplicates = found.get(true) ?? [];
  const others = found.get(false) ?? [];
  // An object that had some before may have others now.
  if (duplicates.length === 0 || (old !== undefined && hasDuplicates(schema, old))) return others;
  return [...others, ...duplicates];
}

const isDuplicate = ({ type }: FieldProblem): boolean => type === "duplicate";

const hasDuplicates = (schema: JsonSchema, value: unknown): boolean => {
  const problems: FieldProblem[] = [];
  checkOf(schema)(value, undefined, "", problems);
  return problems.some(isDuplicate);
};

const unique = (problems: readonly FieldProblem[]): FieldProblem[] =>
  distinctBy(problems, ({ path, type, detail }) => `${path}: ${type}: ${detail}`);

function compile(schema: JsonSchema): Check {
  const type = checkType(schema);
  const values = checkEnum(schema);
  const checks = [
    ...compositions(schema),
    ...ofText(schema),
    ...ofNumbers(schema),
    ...ofLists(schema),
    ...(values ? [values] : []),
    ...ofObjects(schema),
  ];
  return (value, old, path, problems) => {
    if (old !== undefined && sameJson(value, old)) return;
    type?.(value, old, path, problems);
    // Null has a type and may be one of the values; nothing else is said of it.
    if (value === null) values?.(value, old, path, problems);
    else for (const check of checks) check(value, old, path, problems);
  };
}

const say = (path: string, what: string): string => `${path} in body ${what}`;

/** The name of a value's type, as OpenAPI has it. */
export function typeNameOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "bigint") return BigInt.asIntN(64, value) === value ? "integer" : "number";
  // Whole numbers that are larger were written with a point or an exponent, and are not exact.
  if (typeof value === "number") return Number.isSafeInteger(value) ? "integer" : "number";
  return typeof value;
}

function checkType(schema: JsonSchema): Check | undefined {
  const { type, nullable, format } = schema;
  const wanted = isIntOrString(schema) ? ["integer", "string"] : type ? [type] : [];
  if (wanted.length === 0) return undefined;
  const takesIntegers = wanted.includes("number");
  const form = format && type === "string" && isKnownFormat(format) ? format : undefined;
  return (value, _old, path, problems) => {
    const name = typeNameOf(value);
    if (wanted.includes(name) || (takesIntegers && name === "integer")) return;
    if (value === null && nullable === true) return;
    // Where a text has a form, the form is what is missed, and numbers are named by theirs.
    const isMissed = form !== undefined && value !== null && name !== "array";
    const [expected, found] = isMissed ? [form, FORM_OF[name] ?? ""] : [wanted.join(","), name];
    const detail = say(path, `must be of type ${expected}: ${JSON.stringify(found)}`);
    problems.push(typeInvalid(path, found, detail));
  };
}

const FORM_OF: Readonly<Record<string, string>> = { integer: "int64", number: "float64" };

/** Characters, as people count them. */
const lengthOf = (text: string): number => {
  let length = 0;
  for (const _character of text) length++;
  return length;
};

function* ofText({ minLength, maxLength, pattern, format, type }: JsonSchema): Iterable<Check> {
  const compiled = pattern ? patternOf(pattern) : undefined;
  const fits = typeof compiled === "object" ? compiled : undefined;
  /** The first thing that is wrong is said, and no more. */
  const problem = (text: string, path: string): FieldProblem | undefined => {
    if (maxLength !== undefined && text.length > maxLength && lengthOf(text) > maxLength)
      return {
        type: "tooLong",
        path,
        value: text,
        detail: `may not be more than ${maxLength} ${maxLength === 1 ? "byte" : "bytes"}`,
      };
    if (minLength !== undefined && minLength > 0 && lengthOf(text) < minLength)
      return invalid(path, text, say(path, `should be at least ${minLength} chars long`));
    return fits && !fits.test(text) ? invalid(path, text, say(path, `should match '${pattern}'`)) : undefined;
  };
  if (maxLength !== undefined || minLength !== undefined || fits)
    yield (value, _old, path, problems) => {
      const found = typeof value === "string" ? problem(value, path) : undefined;
      if (found) problems.push(found);
    };
  const isForm = format && type !== "integer" && type !== "number" ? formatCheck(format) : undefined;
  if (isForm)
    yield (value, _old, path, problems) => {
      if (typeof value !== "string" || isForm(value)) return;
      const detail = say(path, `must be of type ${format}: ${JSON.stringify(value)}`);
      problems.push(typeInvalid(path, value, detail));
    };
}

function* ofNumbers(schema: JsonSchema): Iterable<Check> {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const unless =
    (holds: (amount: number | bigint) => boolean, what: string): Check =>
    (value, _old, path, problems) => {
      if ((typeof value === "number" || typeof value === "bigint") && !holds(value))
        problems.push(invalid(path, value, say(path, what)));
    };
  if (multipleOf !== undefined && multipleOf > 0)
    yield unless((amount) => isMultiple(Number(amount), multipleOf), `should be a multiple of ${multipleOf}`);
  if (minimum !== undefined)
    yield exclusiveMinimum
      ? unless((amount) => amount > minimum, `should be greater than ${minimum}`)
      : unless((amount) => amount >= minimum, `should be greater than or equal to ${minimum}`);
  if (maximum !== undefined)
    yield exclusiveMaximum
      ? unless((amount) => amount < maximum, `should be less than ${maximum}`)
      : unless((amount) => amount <= maximum, `should be less than or equal to ${maximum}`);
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
  if (minItems !== undefined && minItems > 0)
    yield onList((list, _old, path, problems) => {
      if (list.length < minItems)
        problems.push(invalid(path, list.length, say(path, `should have at least ${minItems} items`)));
    });
  if (maxItems !== undefined)
    yield onList((list, _old, path, problems) => {
      if (list.length > maxItems) problems.push(tooMany(path, list.length, maxItems));
    });
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
  /** Of an object with too many members, or too few, no more is said. */
  const sizeProblem = (size: number, path: string): FieldProblem | undefined => {
    if (minProperties !== undefined && size < minProperties)
      return invalid(path, size, say(path, `should have at least ${minProperties} properties`));
    return maxProperties !== undefined && size > maxProperties
      ? tooMany(path, size, maxProperties)
      : undefined;
  };
  const isSized = minProperties !== undefined || maxProperties !== undefined;
  const onObject =
    (check: (value: Values, old: unknown, path: string, problems: FieldProblem[]) => void): Check =>
    (value, old, path, problems) => {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return;
      if (isSized && sizeProblem(Object.keys(value).length, path)) return;
      check(value as Values, old, path, problems);
    };
  if (isSized)
    yield (value, _old, path, problems) => {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return;
      const found = sizeProblem(Object.keys(value).length, path);
      if (found) problems.push(found);
    };
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
  if (needed.length > 0)
    yield onObject((value, _old, path, problems) => {
      for (const name of needed) if (!Object.hasOwn(value, name)) problems.push(required(below(path, name)));
    });
}

const below = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

/** An object inside of an object says what it is. */
function checkEmbedded(value: Values, _old: unknown, path: string, problems: FieldProblem[]): void {
  const apiVersion = own(value, "apiVersion");
  const kind = own(value, "kind");
  for (const [name, text] of [["apiVersion", apiVersion] as const, ["kind", kind] as const]) {
    if (text === undefined || text === "") problems.push(required(below(path, name)));
    else if (typeof text !== "string") problems.push(invalid(below(path, name), text, "must be a string"));
  }
  if (typeof apiVersion === "string" && apiVersion.split("/").length > 2) {
    const detail = `unexpected GroupVersion string: ${apiVersion}`;
    problems.push(invalid(below(path, "apiVersion"), apiVersion, detail));
  }
  if (typeof kind === "string" && kind !== "") {
    const details = problemsOfName("dns-1035-label", kind.toLowerCase());
    if (details.length > 0)
      problems.push(
        invalid(
          below(path, "kind"),
          kind,
          `may have mixed case, but should otherwise match: ${details.join(",")}`,
        ),
      );
  }
  const metadata = own(value, "metadata");
  if (metadata !== undefined) checkEmbeddedMetadata(metadata, below(path, "metadata"), problems);
}

function checkEmbeddedMetadata(metadata: unknown, path: string, problems: FieldProblem[]): void {
  const before = problems.length;
  checkOf(EMBEDDED_MEMBERS.metadata!)(metadata, undefined, path, problems);
  if (problems.length > before) return;
  const meta = metadata as AnyMeta;
  const of = {
    group: "",
    namespaced: Boolean(meta.namespace),
    nameFormat: "path-segment",
    unconditionalUpdate: true,
  } as const;
  // Templates have no name yet.
  problems.push(...objectMetaProblems(of, meta.name ? meta : { ...meta, name: "unnamed" }, path));
}

function checkEnum({ enum: values }: JsonSchema): Check | undefined {
  if (!values || values.length === 0) return undefined;
  const names = values.map((value) => (typeof value === "string" ? value : JSON.stringify(value)));
  // In the schema's order.
  const detail = `supported values: ${names.map((name) => JSON.stringify(name)).join(", ")}`;
  const texts = new Set(values);
  return (value, _old, path, problems) => {
    // Null is no value that can be named, though it may stand there.
    const isNamed = texts.has(value) || values.some((one) => sameJson(one, value));
    if (value === null || !isNamed) problems.push({ type: "notSupported", path, value, detail });
  };
}

function* compositions({ allOf = [], anyOf = [], oneOf = [], not }: JsonSchema): Iterable<Check> {
  // An int-or-string says so by a composition that adds nothing to its type.
  if (anyOf.length > 0) yield checkAnyOf(anyOf.map(checkOf));
  if (oneOf.length > 0) yield checkOneOf(oneOf.map(checkOf));
  if (allOf.length > 0) yield checkAll(allOf.map(checkOf));
  if (not) yield checkNot(checkOf(not));
}

const checkAll =
  (checks: readonly Check[]): Check =>
  (value, _old, path, problems) => {
    const failures = failuresOf(checks, value, path).filter((found) => found.length > 0);
    if (failures.length === 0) return;
    const none = failures.length === checks.length ? ". None validated" : "";
    const text = `${JSON.stringify(path)} must validate all the schemas (allOf)${none}`;
    problems.push(...failures.flat(), composed(text));
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
