/** Tokens to a tree, by recursive descent. Errors have cel-go's words as far as one parser can have another's. */
import type { Entry, FieldEntry, Node } from "./ast.ts";
import type { Issue } from "./issues.ts";
import { tokenize, type Token } from "./lexer.ts";
import { expandGlobal, expandMember, type Expansion } from "./macros.ts";
import { isInt64, isUint64, UInt, type Value } from "./values.ts";

/** Deeper expressions are refused, so no walk of a tree can run out of stack. Levels. */
const DEPTH_MAX = 250;
/** Longer texts are refused. Code units. */
const LENGTH_MAX = 100_000;

const RESERVED = new Set(
  "as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

const START =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

const MAP_START =
  "{'[', '{', '}', '(', '.', ',', '-', '!', '?', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

/** Ends the parse; the issue is recorded. */
class Stop extends Error {}

export interface Parsed {
  /** Undefined when there are issues. */
  readonly node: Node | undefined;
  readonly issues: readonly Issue[];
}

export function parse(source: string): Parsed {
  const issues: Issue[] = [];
  if (source.length > LENGTH_MAX) {
    const message = `expression code point size exceeds limit: size: ${source.length}, limit ${LENGTH_MAX}`;
    return { node: undefined, issues: [{ at: -1, message }] };
  }
  const parser = new Parser(tokenize(source, issues), issues);
  const node = parser.parse();
  return { node: issues.length === 0 ? node : undefined, issues };
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #issues: Issue[];
  #position = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], issues: Issue[]) {
    this.#tokens = tokens;
    this.#issues = issues;
  }

  parse(): Node | undefined {
    try {
      const node = this.#expression();
      if (this.#token.kind !== "end") this.#unexpected("<EOF>");
      return node;
    } catch (error) {
      if (error instanceof Stop) return undefined;
      throw error;
    }
  }

  get #token(): Token {
    return this.#tokens[this.#position]!;
  }

  #next(): Token {
    const token = this.#token;
    if (token.kind !== "end") this.#position += 1;
    return token;
  }

  #accept(kind: Token["kind"]): Token | undefined {
    return this.#token.kind === kind ? this.#next() : undefined;
  }

  #expect(kind: Token["kind"], shown = `'${kind}'`): Token {
    return this.#accept(kind) ?? this.#unexpected(shown);
  }

  #stop(at: number, message: string): never {
    this.#issues.push({ at, message });
    throw new Stop(message);
  }

  #unexpected(expected: string): never {
    const { at, text, kind } = this.#token;
    const following = this.#tokens[this.#position + 1];
    const extra =
      kind !== "end" &&
      (expected === "<EOF>"
        ? following?.kind === "end"
        : expected.startsWith("{") && following !== undefined && starts(following));
    this.#stop(
      at,
      `Syntax error: ${extra ? "extraneous" : "mismatched"} input '${text}' expecting ${expected}`,
    );
  }

  /** One level deeper while `parse` runs. */
  #deeper<T>(parse: () => T): T {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) this.#stop(-1, `expression recursion limit exceeded: ${DEPTH_MAX}`);
    const made = parse();
    this.#depth -= 1;
    return made;
  }

  /** Trees grow to the left as well; this counts one chain. */
  #checkChain(links: number): void {
    if (this.#depth + links > DEPTH_MAX) this.#stop(-1, "max recursion depth exceeded");
  }

  #expression(): Node {
    return this.#deeper(() => {
      const test = this.#or();
      const question = this.#accept("?");
      if (!question) return test;
      const yes = this.#or();
      this.#expect(":");
      return { kind: "conditional", at: question.at, test, yes, no: this.#expression() };
    });
  }

  #or(): Node {
    return this.#logic("||", "or", () => this.#logic("&&", "and", () => this.#relation()));
  }

  #logic(operator: "&&" | "||", kind: "and" | "or", term: () => Node): Node {
    const first = term();
    if (this.#token.kind !== operator) return first;
    const terms = [first];
    const operators: number[] = [];
    for (let found = this.#accept(operator); found; found = this.#accept(operator)) {
      operators.push(found.at);
      terms.push(term());
    }
    return { kind, at: operators[0]!, terms, operators };
  }

  #relation(): Node {
    return this.#chain(RELATIONS, () => this.#sum());
  }

  #sum(): Node {
    return this.#chain(SUMS, () => this.#chain(PRODUCTS, () => this.#unary()));
  }

  #chain(operators: ReadonlyMap<string, string>, operand: () => Node): Node {
    let left = operand();
    for (let links = 1; ; links += 1) {
      const name = operators.get(this.#token.kind);
      if (name === undefined) return left;
      this.#checkChain(links);
      const { at } = this.#next();
      left = { kind: "call", name, at, target: undefined, args: [left, operand()] };
    }
  }

  #unary(): Node {
    const { kind, at } = this.#token;
    if (kind !== "!" && kind !== "-") return this.#member(this.#primary());
    if (kind === "-" && isNumber(this.#tokens[this.#position + 1]))
      return this.#member(this.#negativeNumber());
    let count = 0;
    while (this.#token.kind === kind && !this.#startsNegativeNumber(count)) {
      this.#next();
      count += 1;
    }
    const operand =
      kind === "-" && this.#token.kind === "-"
        ? this.#member(this.#negativeNumber())
        : this.#member(this.#primary());
    if (count % 2 === 0) return operand;
    return { kind: "call", name: kind === "!" ? "!_" : "-_", at, target: undefined, args: [operand] };
  }

  /** After another sign, a minus before a number is the number's own. */
  #startsNegativeNumber(signsBefore: number): boolean {
    return signsBefore > 0 && this.#token.kind === "-" && isNumber(this.#tokens[this.#position + 1]);
  }

  #negativeNumber(): Node {
    const { at } = this.#next();
    const { value } = this.#next();
    return this.#number(at, typeof value === "bigint" ? -value : -(value as number));
  }

  #number(at: number, value: Value): Node {
    if (typeof value === "bigint" && !isInt64(value))
      this.#issues.push({ at, message: "invalid int literal" });
    if (value instanceof UInt && !isUint64(value.value))
      this.#issues.push({ at, message: "invalid uint literal" });
    return { kind: "literal", at, value };
  }

  #member(first: Node): Node {
    let node = first;
    for (let links = 1; ; links += 1) {
      this.#checkChain(links);
      const { kind, at } = this.#token;
      if (kind === ".") node = this.#dot(node);
      else if (kind === "[") {
        this.#next();
        const optional = this.#accept("?") !== undefined;
        node = { kind: "index", at, operand: node, index: this.#expression(), optional };
        this.#expect("]");
      } else if (kind === "{") {
        const name = qualifiedName(node);
        if (name === undefined) return node;
        node = this.#object(name);
      } else return node;
    }
  }

  #dot(operand: Node): Node {
    const { at } = this.#next();
    const optional = this.#accept("?") !== undefined;
    const name = this.#accept("quoted-ident");
    if (name) return { kind: "select", at, operand, field: name.text.slice(1, -1), optional };
    const { kind, text, at: nameAt } = this.#token;
    if (kind === "literal" && typeof this.#token.value === "string")
      this.#stop(nameAt, `Syntax error: no viable alternative at input '.${text}'`);
    if (kind !== "ident" && kind !== "in") this.#unexpected("IDENTIFIER");
    if (kind === "in") this.#stop(nameAt, "Syntax error: mismatched input 'in' expecting IDENTIFIER");
    this.#next();
    const open = optional ? undefined : this.#accept("(");
    if (!open) return { kind: "select", at, operand, field: text, optional };
    const args = this.#args();
    const expansion = expandMember(text, open.at, operand, args);
    return this.#expanded(expansion) ?? { kind: "call", name: text, at: open.at, target: operand, args };
  }

  #expanded(expansion: Expansion): Node | undefined {
    if (!expansion) return undefined;
    if ("node" in expansion) return expansion.node;
    this.#issues.push({ at: expansion.at, message: expansion.problem });
    return { kind: "literal", at: expansion.at, value: false };
  }

  #args(): readonly Node[] {
    const args: Node[] = [];
    if (this.#accept(")")) return args;
    do args.push(this.#expression());
    while (this.#accept(","));
    this.#expect(")");
    return args;
  }

  #primary(): Node {
    const token = this.#token;
    switch (token.kind) {
      case "literal":
        this.#next();
        return this.#number(token.at, token.value!);
      case "(": {
        this.#next();
        const inner = this.#expression();
        this.#expect(")");
        return inner;
      }
      case "[":
        return this.#list();
      case "{":
        return this.#map();
      case ".":
      case "ident":
        return this.#name();
      default:
        return this.#unexpected(START);
    }
  }

  #name(): Node {
    const dot = this.#accept(".");
    const { text, at } = this.#expect("ident", "IDENTIFIER");
    if (RESERVED.has(text)) this.#issues.push({ at, message: `reserved identifier: ${text}` });
    const name = dot ? `.${text}` : text;
    const open = this.#accept("(");
    if (!open) return { kind: "ident", at: dot?.at ?? at, name };
    const args = this.#args();
    return (
      this.#expanded(expandGlobal(name, open.at, args)) ?? {
        kind: "call",
        name,
        at: open.at,
        target: undefined,
        args,
      }
    );
  }

  #list(): Node {
    const { at } = this.#next();
    const items: Node[] = [];
    const optional = new Set<number>();
    while (this.#token.kind !== "]") {
      if (this.#accept("?")) optional.add(items.length);
      items.push(this.#expression());
      if (!this.#accept(",")) break;
    }
    this.#expect("]");
    return { kind: "list", at, items, optional };
  }

  #map(): Node {
    const { at } = this.#next();
    const entries: Entry[] = [];
    while (this.#token.kind !== "}") {
      const optional = this.#accept("?") !== undefined;
      if (!starts(this.#token)) this.#unexpected(optional || entries.length > 0 ? START : MAP_START);
      const key = this.#expression();
      const colon = this.#expect(":");
      entries.push({ at: colon.at, key, value: this.#expression(), optional });
      if (!this.#accept(",")) break;
    }
    this.#expect("}");
    return { kind: "map", at, entries };
  }

  #object(name: string): Node {
    const { at } = this.#next();
    const fields: FieldEntry[] = [];
    while (this.#token.kind !== "}") {
      const optional = this.#accept("?") !== undefined;
      const quoted = this.#accept("quoted-ident");
      const field = quoted ?? this.#expect("ident", "{'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}");
      const colon = this.#expect(":");
      const fieldName = quoted ? quoted.text.slice(1, -1) : field.text;
      fields.push({ at: colon.at, name: fieldName, value: this.#expression(), optional });
      if (!this.#accept(",")) break;
    }
    this.#expect("}");
    return { kind: "object", at, name, fields };
  }
}

const RELATIONS: ReadonlyMap<string, string> = new Map([
  ["==", "_==_"],
  ["!=", "_!=_"],
  ["<", "_<_"],
  ["<=", "_<=_"],
  [">", "_>_"],
  [">=", "_>=_"],
  ["in", "@in"],
]);
const SUMS: ReadonlyMap<string, string> = new Map([
  ["+", "_+_"],
  ["-", "_-_"],
]);
const PRODUCTS: ReadonlyMap<string, string> = new Map([
  ["*", "_*_"],
  ["/", "_/_"],
  ["%", "_%_"],
]);

const isNumber = (token: Token | undefined): boolean =>
  token?.kind === "literal" && (typeof token.value === "bigint" || typeof token.value === "number");

const starts = ({ kind }: Token): boolean =>
  kind === "literal" || kind === "ident" || ["[", "{", "(", ".", "-", "!"].includes(kind);

/** `a.b.c`, when the expression is nothing but names and dots. */
export function qualifiedName(node: Node): string | undefined {
  if (node.kind === "ident") return node.name;
  if (node.kind !== "select" || node.optional) return undefined;
  const operand = qualifiedName(node.operand);
  return operand === undefined ? undefined : `${operand}.${node.field}`;
}
