/**
 * JSONPath as kubectl speaks it: text with expressions in braces, `{range .items[*]}{.metadata.name}{"\n"}{end}`;
 * `$` may be left out, dots in names are escaped as `\.`.
 */
import { isJson, sorted } from "./objects.ts";

/** A template that makes no sense, or an object that has not what it asks for. */
export class JsonPathError extends Error {
  override readonly name = "JsonPathError";
}

type Step =
  | { readonly type: "field"; readonly name: string }
  | { readonly type: "all" }
  | { readonly type: "descendants" }
  | { readonly type: "slice"; readonly from?: number; readonly to?: number; readonly by: number }
  | { readonly type: "index"; readonly at: number }
  /** Each path over all values, one path after the other. */
  | { readonly type: "union"; readonly of: readonly (readonly Step[])[] }
  | { readonly type: "filter"; readonly left: Operand; readonly operator: string; readonly right?: Operand };

type Operand = { readonly path: readonly Step[] } | { readonly value: unknown };

type Node =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "path"; readonly steps: readonly Step[] }
  | { readonly type: "range"; readonly over: readonly Step[]; readonly body: readonly Node[] };

export interface JsonPathOptions {
  /** What is not there prints nothing, instead of failing. */
  readonly allowMissing?: boolean;
}

export class JsonPath {
  readonly #nodes: readonly Node[];

  /** Throws a JsonPathError. */
  constructor(template: string) {
    this.#nodes = parseTemplate(template);
  }

  /** The text that the template makes of a value. */
  print(value: unknown, { allowMissing = false }: JsonPathOptions = {}): string {
    return printNodes(this.#nodes, value, allowMissing);
  }

  /** The values that the expressions of the template find. */
  find(value: unknown, { allowMissing = false }: JsonPathOptions = {}): readonly unknown[] {
    return this.#nodes.flatMap((node) => (node.type === "path" ? walk(node.steps, value, allowMissing) : []));
  }
}

/** Columns and conditions take an expression without braces, and without the first dot. */
export function relaxed(expression: string): string {
  const bare = /^\{(.*)\}$/s.exec(expression)?.[1] ?? expression;
  if (bare === "" || /[{}]/.test(bare.replaceAll(/'[^']*'|"[^"]*"/g, "")))
    throw new JsonPathError(
      `unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'`,
    );
  return /^[.[$@]/.test(bare) ? `{${bare}}` : `{.${bare}}`;
}

/** How one value is printed. */
export function printed(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(sorted(value)) : String(value);
}

function printNodes(nodes: readonly Node[], value: unknown, allowMissing: boolean): string {
  return nodes
    .map((node) => {
      switch (node.type) {
        case "text":
          return node.text;
        case "path":
          return walk(node.steps, value, allowMissing).map(printed).join(" ");
        case "range":
          return walk(node.over, value, allowMissing)
            .map((each) => printNodes(node.body, each, allowMissing))
            .join("");
      }
    })
    .join("");
}

function walk(steps: readonly Step[], value: unknown, allowMissing: boolean): readonly unknown[] {
  return walkAll(steps, [value], allowMissing);
}

function walkAll(
  steps: readonly Step[],
  values: readonly unknown[],
  allowMissing: boolean,
): readonly unknown[] {
  let found = values;
  let tolerant = allowMissing;
  for (const step of steps) {
    if (step.type === "descendants") tolerant = true;
    if (step.type === "union") {
      const all = found;
      found = step.of.flatMap((path) => walkAll(path, all, tolerant));
      continue;
    }
    const next: unknown[] = [];
    for (const each of found) next.push(...take(step, each, tolerant));
    found = next;
  }
  return found;
}

function take(
  step: Exclude<Step, { readonly type: "union" }>,
  value: unknown,
  allowMissing: boolean,
): readonly unknown[] {
  switch (step.type) {
    case "field":
      if (isJson(value) && Object.hasOwn(value, step.name)) return [value[step.name]];
      if (allowMissing || value === null) return [];
      throw new JsonPathError(`${step.name} is not found`);
    case "all":
      if (Array.isArray(value)) return value;
      return isJson(value) ? Object.values(value) : [];
    case "descendants":
      return descendants(value);
    case "index": {
      const list = listOf(value, allowMissing);
      const at = step.at < 0 ? list.length + step.at : step.at;
      if (at >= 0 && at < list.length) return [list[at]];
      if (allowMissing) return [];
      throw new JsonPathError(`array index out of bounds: index ${step.at}, length ${list.length}`);
    }
    case "slice":
      return slice(listOf(value, allowMissing), step);
    case "filter":
      return (Array.isArray(value) ? value : isJson(value) ? Object.values(value) : []).filter((each) =>
        holds(step, each),
      );
  }
}

function listOf(value: unknown, allowMissing: boolean): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (allowMissing && (value === null || value === undefined)) return [];
  throw new JsonPathError(`${printed(value) || "null"} is not array or slice`);
}

function slice(
  list: readonly unknown[],
  { from = 0, to = list.length, by }: { readonly from?: number; readonly to?: number; readonly by: number },
): readonly unknown[] {
  const start = from < 0 ? Math.max(0, list.length + from) : from;
  const end = to < 0 ? list.length + to : Math.min(to, list.length);
  const taken: unknown[] = [];
  for (let at = start; at < end; at += by) taken.push(list[at]);
  return taken;
}

function descendants(value: unknown): readonly unknown[] {
  if (typeof value !== "object" || value === null) return [value];
  return [value, ...Object.values(value).flatMap(descendants)];
}

function holds(step: Step & { readonly type: "filter" }, value: unknown): boolean {
  const left = operand(step.left, value);
  if (step.operator === "exists") return left.length > 0;
  const right = step.right ? operand(step.right, value) : [];
  if (left.length === 0 || right.length === 0) return false;
  if (left.length > 1 || right.length > 1) throw new JsonPathError("can only compare one element at a time");
  return compare(left[0], step.operator, right[0]);
}

const operand = (of: Operand, value: unknown): readonly unknown[] =>
  "value" in of ? [of.value] : walk(of.path, value, true);

function compare(left: unknown, operator: string, right: unknown): boolean {
  const [one, other] =
    typeof left === typeof right
      ? [left as string | number, right as string | number]
      : [String(left), String(right)];
  switch (operator) {
    case "==":
      return one === other;
    case "!=":
      return one !== other;
    case "<":
      return one < other;
    case "<=":
      return one <= other;
    case ">":
      return one > other;
    default:
      return one >= other;
  }
}

/** A piece of a template between braces, and how it begins. */
function parseTemplate(template: string): readonly Node[] {
  const open: { readonly over: readonly Step[]; readonly body: Node[] }[] = [];
  const top: Node[] = [];
  const add = (node: Node) => (open.at(-1)?.body ?? top).push(node);
  let at = 0;
  while (at < template.length) {
    const start = template.indexOf("{", at);
    if (start !== at) add({ type: "text", text: template.slice(at, start < 0 ? undefined : start) });
    if (start < 0) break;
    const end = endOfExpression(template, start + 1);
    for (const part of new Expression(template.slice(start + 1, end)).parts()) {
      if (part === "end") {
        const range = open.pop();
        if (!range) throw new JsonPathError("not in range, nothing to end");
        add({ type: "range", ...range });
      } else if ("range" in part) open.push({ over: part.range, body: [] });
      else add(part);
    }
    at = end + 1;
  }
  if (open.length > 0) throw new JsonPathError("unclosed range: {end} is missing");
  return top;
}

function endOfExpression(template: string, start: number): number {
  let quote = "";
  for (let at = start; at < template.length; at++) {
    const char = template[at]!;
    if (char === "\\") at++;
    else if (quote !== "") quote = char === quote ? "" : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === "}") return at;
  }
  throw new JsonPathError("unclosed action");
}

type Part = Node | "end" | { readonly range: readonly Step[] };

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "0": "\0" };
const FIELD = /^(?:\\.|[^\s.[\]()'"*,=!<>@$\\}])+/;
const OPERATOR = /^(==|!=|<=|>=|<|>)/;

/** Reads what is between braces. */
class Expression {
  #rest: string;
  readonly #whole: string;

  constructor(text: string) {
    this.#whole = text;
    this.#rest = text;
  }

  *parts(): Generator<Part> {
    for (this.#skipSpace(); this.#rest !== ""; this.#skipSpace()) {
      const word = /^(range|end)(?![\w-])/.exec(this.#rest)?.[1];
      if (word === "end") {
        this.#drop(3);
        yield "end";
      } else if (word === "range") {
        this.#drop(5);
        this.#skipSpace();
        yield { range: this.#path() };
      } else if (/^["']/.test(this.#rest)) yield { type: "text", text: this.#quoted() };
      else yield { type: "path", steps: this.#path() };
    }
  }

  #path(): readonly Step[] {
    const before = this.#rest.length;
    const steps: Step[] = [];
    if (/^[$@]/.test(this.#rest)) this.#drop(1);
    else if (FIELD.test(this.#rest)) steps.push({ type: "field", name: this.#field() });
    while (/^[.[]/.test(this.#rest)) {
      if (this.#rest.startsWith("[")) steps.push(this.#bracket());
      else steps.push(...this.#dotted());
    }
    if (this.#rest.length === before) throw this.#unexpected();
    return steps;
  }

  #dotted(): readonly Step[] {
    if (this.#rest.startsWith("..")) {
      this.#drop(2);
      if (this.#rest === "" || this.#rest.startsWith("[")) return [{ type: "descendants" }];
      return [{ type: "descendants" }, this.#named()];
    }
    this.#drop(1);
    // `{.}` is the value itself, and `.[0]` is `[0]`.
    return this.#rest === "" || /^[\s[)]/.test(this.#rest) ? [] : [this.#named()];
  }

  #named(): Step {
    if (!this.#rest.startsWith("*")) return { type: "field", name: this.#field() };
    this.#drop(1);
    return { type: "all" };
  }

  #field(): string {
    const text = FIELD.exec(this.#rest)?.[0];
    if (text === undefined) throw this.#unexpected();
    this.#drop(text.length);
    return text.replaceAll(/\\(.)/g, "$1");
  }

  #bracket(): Step {
    this.#drop(1);
    this.#skipSpace();
    if (this.#rest.startsWith("?(")) return this.#filter();
    const paths: (readonly Step[])[] = [this.#subscript()];
    for (this.#skipSpace(); this.#rest.startsWith(","); this.#skipSpace()) {
      this.#drop(1);
      this.#skipSpace();
      paths.push(this.#subscript());
    }
    this.#expect("]");
    return { type: "union", of: paths };
  }

  #subscript(): readonly Step[] {
    // Dots in a quoted name are a path too, unless they are escaped.
    if (/^["']/.test(this.#rest)) {
      return this.#quoted({ keepDots: true })
        .split(/(?<!\\)\./)
        .map((name) => ({ type: "field", name: name.replaceAll("\\.", ".") }));
    }
    if (this.#rest.startsWith("*")) return [this.#named()];
    const [text, from, first, to, second, by] =
      /^(-?\d+)?(?:(:)(-?\d+)?(?:(:)(-?\d+)?)?)?/.exec(this.#rest) ?? [];
    if (!text) throw new JsonPathError(`invalid array index ${this.#rest.replace(/\].*/s, "")}`);
    this.#drop(text.length);
    if (first === undefined) return [{ type: "index", at: Number(from) }];
    const stride = second === undefined || by === undefined ? 1 : Number(by);
    if (stride < 1) throw new JsonPathError("step must be > 0");
    const range = {
      ...(from === undefined ? {} : { from: Number(from) }),
      ...(to === undefined ? {} : { to: Number(to) }),
    };
    return [{ type: "slice", ...range, by: stride }];
  }

  #filter(): Step {
    this.#drop(2);
    const left = this.#operand();
    this.#skipSpace();
    const operator = OPERATOR.exec(this.#rest)?.[1];
    if (operator !== undefined) this.#drop(operator.length);
    const right = operator === undefined ? undefined : this.#operand();
    this.#skipSpace();
    this.#expect(")");
    this.#skipSpace();
    this.#expect("]");
    return { type: "filter", left, operator: operator ?? "exists", ...(right ? { right } : {}) };
  }

  #operand(): Operand {
    this.#skipSpace();
    if (/^["']/.test(this.#rest)) return { value: this.#quoted() };
    const literal = /^(true|false|-?\d+(?:\.\d+)?)(?=[\s)=!<>])/.exec(this.#rest)?.[1];
    if (literal === undefined) return { path: this.#path() };
    this.#drop(literal.length);
    return { value: literal === "true" || (literal === "false" ? false : Number(literal)) };
  }

  #quoted({ keepDots = false } = {}): string {
    const quote = this.#rest[0]!;
    let text = "";
    for (let at = 1; at < this.#rest.length; at++) {
      const char = this.#rest[at]!;
      if (char === quote) {
        this.#drop(at + 1);
        return text;
      }
      if (char === "\\") {
        const escaped = this.#rest[++at] ?? "";
        text += keepDots && escaped === "." ? "\\." : (ESCAPES[escaped] ?? escaped);
      } else text += char;
    }
    throw new JsonPathError("unterminated quoted string");
  }

  #expect(char: string): void {
    if (!this.#rest.startsWith(char)) throw this.#unexpected();
    this.#drop(1);
  }

  #skipSpace(): void {
    this.#rest = this.#rest.trimStart();
  }

  #drop(count: number): void {
    this.#rest = this.#rest.slice(count);
  }

  #unexpected(): JsonPathError {
    const where = this.#rest === "" ? "the end" : JSON.stringify(this.#rest);
    return new JsonPathError(`unexpected ${where} in {${this.#whole}}`);
  }
}
