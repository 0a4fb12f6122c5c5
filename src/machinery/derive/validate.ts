/** What is wrong with an object: what follows from its schema, its metadata and its kind's rules, in that order. */
import { type NameFormat, problemsOfName } from "../names.ts";
import { objectMetaProblems, objectMetaUpdateProblems } from "../object-meta-validation.ts";
import {
  type AnyObject,
  at,
  entry,
  type FieldFacts,
  type FieldProblem,
  invalid,
  item,
  notSupported,
  required,
  type Resource,
  type Struct,
  tooLong,
  tooMany,
} from "../schema.ts";
import { distinctBy } from "../told.ts";
import { isObject, type Member, membersOf, type Resolved, resolve } from "./shape.ts";

type Check = (value: unknown, path: string, problems: FieldProblem[]) => void;

/** Problems of a new object as a whole; empty when it may be stored. `object` is canonical and has its defaults. */
export function validateObject<T extends AnyObject>(of: Resource<T>, object: T): FieldProblem[] {
  const problems = standingProblems(of, object);
  if (of.rules.validateCreate) problems.push(...of.rules.validateCreate(withName(object)));
  return problems;
}

/** What holds for new and for updated objects, as also after a change of one part. */
export function standingProblems<T extends AnyObject>(of: Resource<T>, object: T): FieldProblem[] {
  const problems: FieldProblem[] = isStored(of) ? [...objectMetaProblems(of, object.metadata)] : [];
  checkOf(of.schema)?.(object, "", problems);
  if (of.rules.validate) problems.push(...of.rules.validate(withName(object)));
  return problems;
}

/** Rules of kinds can rely on a name, be it empty; that it is missing is said for all kinds alike. */
const withName = <T extends AnyObject>(object: T): T =>
  typeof object.metadata?.name === "string"
    ? object
    : { ...object, metadata: { ...object.metadata, name: "" } };

/** Reviews are answered and forgotten: they need no name. */
const isStored = ({ verbs }: { readonly verbs: readonly string[] }): boolean => verbs.includes("get");

/** As `validateObject`, and what may not change between `old` and `object`. */
export function validateObjectUpdate<T extends AnyObject>(
  of: Resource<T>,
  object: T,
  old: T,
): FieldProblem[] {
  const problems = [
    ...objectMetaUpdateProblems(of, object.metadata, old.metadata),
    ...standingProblems(of, object),
  ];
  findChanges(of.schema, object, old, "", problems);
  if (of.rules.validateUpdate) problems.push(...of.rules.validateUpdate(object, old));
  return distinct(problems);
}

/** An update of `/status`: metadata and status are looked at, not the spec. */
export function validateStatusUpdate<T extends AnyObject>(
  of: Resource<T>,
  object: T,
  old: T,
): FieldProblem[] {
  const problems = [...objectMetaUpdateProblems(of, object.metadata, old.metadata)];
  const status = membersOf(of.schema).find(({ name }) => name === "status");
  const check = status && checkOfMember(status);
  check?.((object as { readonly status?: unknown }).status, "status", problems);
  if (of.rules.validateStatusUpdate) problems.push(...of.rules.validateStatusUpdate(object, old));
  return problems;
}

/** Problems of a struct on its own, as of options and bodies of subresources. */
export function validateStruct(schema: Struct, value: unknown, path = ""): FieldProblem[] {
  const problems: FieldProblem[] = [];
  checkOf(schema)?.(value, path, problems);
  return problems;
}

/** The same complaint about the same field is made once. */
const distinct = (problems: readonly FieldProblem[]): FieldProblem[] =>
  distinctBy(problems, ({ type, path, detail }) => `${type}\n${path}\n${detail}`);

const compiled = new WeakMap<Struct, Check | "nothing" | "in progress">();

/** Undefined where nothing can be wrong, however deep. */
function checkOf(struct: Struct): Check | undefined {
  const known = compiled.get(struct);
  if (known === "nothing") return undefined;
  // A struct that holds itself: by the first call it is known.
  if (known === "in progress") return (value, path, problems) => checkOf(struct)?.(value, path, problems);
  if (known) return known;
  compiled.set(struct, "in progress");
  const made = compile(struct);
  compiled.set(struct, made ?? "nothing");
  return made;
}

/** Metadata of objects and templates has rules of its own. */
const isMetadata = ({ name, type }: Member): boolean =>
  name === "metadata" && type.kind === "struct" && /\.(?:Object|List)Meta$/.test(type.name);

function compile(struct: Struct): Check | undefined {
  if (struct.rules.json) return checkOfUnion(struct);
  const steps = membersOf(struct)
    .filter((member) => !isMetadata(member))
    .map((member) => ({
      name: member.name,
      needed: member.facts.notEmpty === true,
      check: checkOfMember(member),
    }))
    .filter((step): step is typeof step & { check: Check } => step.check !== undefined);
  const rules = rulesOf(struct);
  if (steps.length === 0 && rules.length === 0) return undefined;
  return (value, path, problems) => {
    if (!isObject(value)) return;
    for (const { name, needed, check } of steps) {
      const member = value[name];
      if (needed || (member !== undefined && member !== null)) check(member, at(path, name), problems);
    }
    for (const validate of rules) for (const problem of validate(value, path)) problems.push(problem);
  };
}

/** Its own rules, and those of the structs whose members are its members. */
function rulesOf(struct: Struct): NonNullable<Struct["rules"]["validate"]>[] {
  const inlined = Object.values(struct.fields).flatMap((facts) => {
    const inner = facts.inline ? resolve(facts.type) : undefined;
    return inner?.kind === "struct" ? rulesOf(inner) : [];
  });
  return struct.rules.validate ? [...inlined, struct.rules.validate] : inlined;
}

function checkOfUnion(struct: Struct): Check | undefined {
  const check = checkOf(resolve(struct.fields.schema!.type) as Struct);
  return (
    check &&
    ((value, path, problems) => {
      if (Array.isArray(value)) value.forEach((one, i) => check(one, item(path, i), problems));
      else check(value, path, problems);
    })
  );
}

/** Undefined where nothing can be wrong. */
function checkOfMember({ facts, type }: Member): Check | undefined {
  const checks = [...checksOfFacts(facts, type), checkInside(type)].filter((check) => check !== undefined);
  const { notEmpty } = facts;
  const [only] = checks;
  if (!notEmpty && checks.length <= 1) return only;
  return (value, path, problems) => {
    if (value === undefined || value === null || (notEmpty && isEmpty(value))) {
      if (notEmpty) problems.push(required(path));
      return;
    }
    for (const check of checks) check(value, path, problems);
  };
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return value === "";
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}

function checkInside(type: Resolved): Check | undefined {
  switch (type.kind) {
    case "scalar":
      return undefined;
    case "struct":
      return checkOf(type);
    case "list": {
      const check = checkInside(resolve(type.item));
      return (
        check &&
        ((list, path, problems) =>
          (list as unknown[]).forEach((one, i) => check(one, item(path, i), problems)))
      );
    }
    case "map": {
      const check = checkInside(resolve(type.value));
      return (
        check &&
        ((map, path, problems) => {
          for (const [key, one] of Object.entries(map as object)) check(one, entry(path, key), problems);
        })
      );
    }
  }
}

function* checksOfFacts(facts: FieldFacts, type: Resolved): Iterable<Check> {
  const { min, max, maxLength, maxItems, values, format, pattern } = facts;
  if (min !== undefined || max !== undefined) yield checkRange(min, max);
  if (maxItems !== undefined) yield checkSize(maxItems);
  const ofText: Check[] = [];
  if (maxLength !== undefined) ofText.push(checkLength(maxLength));
  if (values) ofText.push(checkValues(values, facts.pointer || facts.notEmpty === true));
  if (format !== undefined) ofText.push(checkFormat(format));
  if (pattern !== undefined) ofText.push(checkPattern(pattern));
  for (const check of ofText) yield type.kind === "list" ? eachItem(check) : check;
}

const eachItem =
  (check: Check): Check =>
  (list, path, problems) =>
    (list as unknown[]).forEach((one, i) => check(one, item(path, i), problems));

function checkRange(min: number | undefined, max: number | undefined): Check {
  const detail = rangeText(min, max);
  return (value, path, problems) => {
    const amount = amountOf(value);
    if (
      amount !== undefined &&
      ((min !== undefined && amount < min) || (max !== undefined && amount > max))
    ) {
      problems.push(invalid(path, value, detail));
    }
  };
}

/** Percentages and names have rules of their own. */
function amountOf(value: unknown): number | bigint | undefined {
  if (typeof value === "number" || typeof value === "bigint") return value;
  return undefined;
}

function rangeText(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return `must be between ${min} and ${max}, inclusive`;
  if (min === undefined) return `must be less than or equal to ${max}`;
  return min === 1 ? "must be greater than zero" : `must be greater than or equal to ${min}`;
}

const checkSize =
  (itemsMax: number): Check =>
  (value, path, problems) => {
    const size = Array.isArray(value) ? value.length : Object.keys(value as object).length;
    if (size > itemsMax) problems.push(tooMany(path, size, itemsMax));
  };

const encoder = new TextEncoder();

const checkLength =
  (bytesMax: number): Check =>
  (value, path, problems) => {
    // A character takes three bytes at most in UTF-8, counted as JavaScript counts.
    if (typeof value !== "string" || value.length * 3 <= bytesMax) return;
    if (encoder.encode(value).length > bytesMax) problems.push(tooLong(path, bytesMax));
  };

function checkValues(values: readonly string[], emptyCounts: boolean): Check {
  const known = new Set<unknown>(values);
  return (value, path, problems) => {
    if (known.has(value) || (value === "" && !emptyCounts)) return;
    problems.push(notSupported(path, value, values));
  };
}

const checkFormat =
  (format: NameFormat): Check =>
  (value, path, problems) => {
    if (typeof value !== "string" || value === "") return;
    for (const detail of problemsOfName(format, value)) problems.push(invalid(path, value, detail));
  };

function checkPattern(pattern: string): Check {
  const whole = new RegExp(pattern);
  return (value, path, problems) => {
    if (typeof value !== "string" || whole.test(value)) return;
    problems.push(invalid(path, value, `must match the regex ${pattern}`));
  };
}

/** Fields that stay as they are once they are set, in structs of structs. */
function findChanges(
  struct: Struct,
  now: unknown,
  before: unknown,
  path: string,
  problems: FieldProblem[],
): void {
  if (now === before || !isObject(now) || !isObject(before)) return;
  for (const { name, facts, type } of immutableMembers(struct)) {
    const [is, was] = [now[name], before[name]];
    if (facts.immutable && was !== undefined && was !== null && was !== "" && !sameValue(is, was)) {
      problems.push(invalid(at(path, name), is ?? null, "field is immutable"));
    } else if (type.kind === "struct") findChanges(type, is, was, at(path, name), problems);
  }
}

const withImmutable = new WeakMap<Struct, readonly Member[]>();

/** Members that are immutable, or may hold some. */
function immutableMembers(struct: Struct): readonly Member[] {
  let known = withImmutable.get(struct);
  if (!known) {
    withImmutable.set(struct, []);
    known = membersOf(struct).filter(
      ({ facts, type }) => facts.immutable || (type.kind === "struct" && immutableMembers(type).length > 0),
    );
    withImmutable.set(struct, known);
  }
  return known;
}

/** The same JSON value. Quantities that are written differently but the same are canonical already. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((one, i) => sameValue(one, b[i]));
  }
  if (Array.isArray(b)) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && sameValue(left[key], right[key]))
  );
}
