/** Selection by label, as a struct (`matchLabels`, `matchExpressions`) and as text (`app=web,tier notin (a,b)`). */
import { problemsOfName } from "./names.ts";

/** The struct of the API, as far as matching goes. An empty one selects everything, an absent one nothing. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export type Labels = Readonly<Record<string, string>>;

export type LabelOperator = "in" | "notin" | "exists" | "!exists" | "gt" | "lt";

/** One condition on one key. `values` has one member for `gt` and `lt`, none for `exists` and `!exists`. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** A selector that cannot be. The message is the API's. */
export class LabelSelectorError extends Error {
  override readonly name = "LabelSelectorError";
}

export type LabelMatcher = (labels: Labels | undefined) => boolean;

const NO_LABELS: Labels = {};
const everything: LabelMatcher = () => true;
const nothing: LabelMatcher = () => false;

/** Requirements to one function. All must hold. */
export function compileRequirements(requirements: readonly LabelRequirement[]): LabelMatcher {
  if (requirements.length === 0) return everything;
  const checks = requirements.map(compileRequirement);
  if (checks.length === 1) return (labels) => checks[0]!(labels ?? NO_LABELS);
  return (labels = NO_LABELS) => {
    for (const holds of checks) if (!holds(labels)) return false;
    return true;
  };
}

function compileRequirement({ key, operator, values }: LabelRequirement): (labels: Labels) => boolean {
  const has = (labels: Labels): boolean => Object.hasOwn(labels, key);
  const [first = ""] = values;
  switch (operator) {
    case "in": {
      if (values.length === 1) return (labels) => labels[key] === first && has(labels);
      const set = new Set(values);
      return (labels) => has(labels) && set.has(labels[key]!);
    }
    case "notin": {
      const set = new Set(values);
      return (labels) => !has(labels) || !set.has(labels[key]!);
    }
    case "exists":
      return has;
    case "!exists":
      return (labels) => !has(labels);
    case "gt":
      return (labels) => has(labels) && compareIntegers(labels[key]!, first, (a, b) => a > b);
    case "lt":
      return (labels) => has(labels) && compareIntegers(labels[key]!, first, (a, b) => a < b);
  }
}

const INTEGER = /^[+-]?\d{1,19}$/;

const compareIntegers = (a: string, b: string, holds: (a: bigint, b: bigint) => boolean): boolean =>
  INTEGER.test(a) && INTEGER.test(b) && holds(BigInt(a), BigInt(b));

const OPERATORS: Readonly<Record<string, LabelOperator>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!exists",
};

/** The requirements of the struct. Throws `LabelSelectorError`. */
export function requirementsOf(selector: LabelSelector): readonly LabelRequirement[] {
  const requirements: LabelRequirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: "in",
    values: [value],
  }));
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const known = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator]! : undefined;
    if (!known)
      throw new LabelSelectorError(`${JSON.stringify(operator)} is not a valid label selector operator`);
    requirements.push({ key, operator: known, values });
  }
  return requirements;
}

const compiled = new WeakMap<LabelSelector, LabelMatcher>();

/** The struct as a function; absent selects nothing. Remembered per object. Throws `LabelSelectorError`. */
export function compileSelector(selector: LabelSelector | null | undefined): LabelMatcher {
  if (!selector) return nothing;
  let matcher = compiled.get(selector);
  if (!matcher) {
    matcher = compileRequirements(requirementsOf(selector));
    compiled.set(selector, matcher);
  }
  return matcher;
}

/** Does it select these labels? Absent selects nothing, empty everything. */
export const matchesSelector = (
  selector: LabelSelector | null | undefined,
  labels: Labels | undefined,
): boolean => compileSelector(selector)(labels);

/** The same for validation: what is wrong with a selector itself has been said elsewhere. */
export function selectsOrIsInvalid(selector: LabelSelector, labels: Labels | undefined): boolean {
  try {
    return compileSelector(selector)(labels);
  } catch {
    return true;
  }
}

/** The struct as text, as in `status.selector` of a Scale; absent and empty are the empty text, invalid is `<error>`. */
export function formatLabelSelector(selector: LabelSelector | null | undefined): string {
  try {
    return selector ? formatRequirements(requirementsOf(selector)) : "";
  } catch {
    return "<error>";
  }
}

/** Sorted by key. */
export function formatRequirements(requirements: readonly LabelRequirement[]): string {
  const byKey = requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return byKey.map(formatRequirement).join(",");
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  const sorted = values.toSorted();
  switch (operator) {
    case "in":
      return sorted.length === 1 ? `${key}=${sorted[0]}` : `${key} in (${sorted.join(",")})`;
    case "notin":
      return sorted.length === 1 ? `${key}!=${sorted[0]}` : `${key} notin (${sorted.join(",")})`;
    case "exists":
      return key;
    case "!exists":
      return `!${key}`;
    case "gt":
      return `${key}>${sorted[0]}`;
    case "lt":
      return `${key}<${sorted[0]}`;
  }
}

/** A parsed text. `matches` takes the labels of an object. */
export interface ParsedLabelSelector {
  readonly requirements: readonly LabelRequirement[];
  readonly matches: LabelMatcher;
}

/** The `labelSelector` parameter of a request. Throws `LabelSelectorError`. */
export function parseLabelSelector(text: string): ParsedLabelSelector {
  const requirements = new Parser(text).parse();
  return { requirements, matches: compileRequirements(requirements) };
}

type Token = { readonly kind: "end" | "word" | "symbol"; readonly text: string };

const SYMBOL = /^(?:==|!=|[=!<>(),])/;
const WORD = /^[^\s=!<>(),]+/;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let rest = text.trimStart();
  while (rest !== "") {
    const symbol = SYMBOL.exec(rest)?.[0];
    const found = symbol ?? WORD.exec(rest)![0];
    tokens.push({ kind: symbol ? "symbol" : "word", text: found });
    rest = rest.slice(found.length).trimStart();
  }
  tokens.push({ kind: "end", text: "" });
  return tokens;
}

const BINARY: ReadonlyMap<string, LabelOperator> = new Map([
  ["=", "in"],
  ["==", "in"],
  ["!=", "notin"],
  ["in", "in"],
  ["notin", "notin"],
  [">", "gt"],
  ["<", "lt"],
]);

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    if (this.#next().kind === "end") return requirements;
    for (;;) {
      requirements.push(this.#requirement());
      const { kind, text } = this.#take();
      if (kind === "end") return requirements;
      if (text !== ",") throw failed(`found '${text}', expected: ',' or 'end of string'`);
      const next = this.#next();
      if (next.kind !== "word" && next.text !== "!")
        throw failed(`found '${next.text}', expected: identifier after ','`);
    }
  }

  #requirement(): LabelRequirement {
    const negated = this.#next().text === "!" && this.#take() !== undefined;
    const { kind, text: key } = this.#take();
    if (kind !== "word") throw failed(`found '${key}', expected: identifier`);
    const problems = problemsOfName("qualified-name", key);
    if (problems.length > 0) throw new LabelSelectorError(invalidKey(key, problems));
    if (negated) return { key, operator: "!exists", values: [] };
    const next = this.#next();
    if (next.kind === "end" || next.text === ",") return { key, operator: "exists", values: [] };
    const operator = BINARY.get(this.#take().text);
    if (!operator) {
      throw failed(`found '${next.text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
    const values = next.kind === "word" ? this.#set() : [this.#value()];
    return checked({ key, operator, values });
  }

  /** `(a,b)`. An empty place is the empty value. */
  #set(): string[] {
    const open = this.#take();
    if (open.text !== "(") throw failed(`found '${open.text}' expected: '('`);
    const values = new Set<string>();
    for (;;) {
      const place = this.#next();
      values.add(place.kind === "word" ? this.#take().text : "");
      const { text } = this.#take();
      if (text === ")") return [...values];
      if (text !== ",") throw failed(`found '${text}', expected: ',' or ')'`);
    }
  }

  /** After `=` and its like; nothing is the empty value. */
  #value(): string {
    const next = this.#next();
    if (next.kind === "end" || next.text === ",") return "";
    if (next.kind !== "word") throw failed(`found '${next.text}', expected: identifier`);
    return this.#take().text;
  }

  #next(): Token {
    return this.#tokens[this.#at]!;
  }

  #take(): Token {
    const token = this.#next();
    if (token.kind !== "end") this.#at += 1;
    return token;
  }
}

function checked(requirement: LabelRequirement): LabelRequirement {
  const { operator, values } = requirement;
  if ((operator === "gt" || operator === "lt") && !INTEGER.test(values[0]!)) {
    throw new LabelSelectorError(
      `values[0][${requirement.key}]: Invalid value: ${JSON.stringify(values[0])}: for 'Gt', 'Lt' operators, the value must be an integer`,
    );
  }
  for (const [index, value] of values.entries()) {
    const problems = problemsOfName("label-value", value);
    if (problems.length > 0) {
      const at = `values[${index}][${requirement.key}]`;
      throw new LabelSelectorError(`${at}: Invalid value: ${JSON.stringify(value)}: ${problems.join("; ")}`);
    }
  }
  return requirement;
}

const invalidKey = (key: string, problems: readonly string[]): string =>
  `key: Invalid value: ${JSON.stringify(key)}: ${problems.join("; ")}`;

const failed = (why: string): LabelSelectorError =>
  new LabelSelectorError(`unable to parse requirement: ${why}`);
