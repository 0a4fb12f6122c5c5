/** Finds out what names mean and which types expressions have; writes both into the tree. */
import type { Bind, Call, Fold, Local, Node, OptionalMap, Reference } from "./ast.ts";
import { invoke } from "./dispatch.ts";
import { candidates, type Environment, typeNamed } from "./environment.ts";
import type { Overload } from "./function-table.ts";
import type { Issue } from "./issues.ts";
import { qualifiedName } from "./parser.ts";
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  ERROR,
  INT,
  isOptional,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  printType,
  STRING,
  TIMESTAMP,
  type Type,
  typeOf,
  UINT,
} from "./types.ts";
import { Bindings, mostGeneral, sameType } from "./unify.ts";
import { Duration, isError, Timestamp, TypeValue, UInt, type Value } from "./values.ts";

/** Fills in types and references; answers what is wrong. */
export function check(node: Node, environment: Environment): readonly Issue[] {
  const checker = new Checker(environment);
  checker.check(node);
  checker.finish();
  return checker.issues;
}

/** Functions whose literal argument must be readable. */
const READ_EARLY = new Set(["duration", "timestamp", "matches"]);

class Checker {
  readonly issues: Issue[] = [];
  readonly #environment: Environment;
  readonly #bindings = new Bindings();
  readonly #locals: Local[] = [];
  readonly #nodes: Node[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  check(node: Node): Type {
    const type = this.#bindings.resolve(this.#typeOf(node));
    node.type = type;
    this.#nodes.push(node);
    return type;
  }

  /** What is known only at the end holds for all. */
  finish(): void {
    for (const node of this.#nodes) node.type = this.#bindings.resolve(node.type!, true);
  }

  #report(at: number, message: string): Type {
    this.issues.push({ at, message });
    return ERROR;
  }

  #assignable(given: Type, expected: Type): boolean {
    return this.#bindings.assignable([given], [expected]);
  }

  #typeOf(node: Node): Type {
    switch (node.kind) {
      case "literal":
        return typeOfLiteral(node.value);
      case "ident":
        return this.#name(node, node.name) ?? this.#undeclared(node.at, node.name);
      case "select": {
        const name = this.#startsLocal(node) ? undefined : qualifiedName(node);
        const named = name === undefined ? undefined : this.#name(node, name);
        return named ?? this.#field(node.at, this.check(node.operand), node.field, node.optional);
      }
      case "has":
        this.#field(node.at, this.check(node.operand), node.field, node.optional);
        return BOOL;
      case "index":
        return this.#index(node);
      case "call":
        return this.#call(node);
      case "and":
      case "or":
        for (const term of node.terms) this.#expect(term, BOOL);
        return BOOL;
      case "conditional":
        return this.#conditional(node.at, this.check(node.test), this.check(node.yes), this.check(node.no));
      case "list":
        return listOf(this.#join(node.items.map((item, i) => this.#item(item, node.optional.has(i)))));
      case "map":
        return this.#map(node);
      case "object":
        return this.#object(node);
      case "fold":
        return this.#fold(node);
      case "bind":
        return this.#bind(node);
      default:
        return this.#optionalMap(node);
    }
  }

  #undeclared(at: number, name: string): Type {
    const container = this.#environment.container ?? "";
    return this.#report(at, `undeclared reference to '${name}' (in container '${container}')`);
  }

  #expect(node: Node, expected: Type): void {
    const type = this.check(node);
    if (this.#assignable(type, expected)) return;
    this.#report(node.at, `expected type '${printType(expected)}' but found '${printType(type)}'`);
  }

  #startsLocal(node: Node): boolean {
    let first = node;
    while (first.kind === "select") first = first.operand;
    return first.kind === "ident" && this.#local(first.name) !== undefined;
  }

  #local(name: string): Local | undefined {
    return this.#locals.findLast((local) => local.name === name);
  }

  /** The type of what a name stands for, if anything. */
  #name(node: Node & { reference?: Reference }, name: string): Type | undefined {
    const slot = this.#local(name);
    if (slot) {
      node.reference = { kind: "local", slot };
      return slot.type;
    }
    for (const candidate of candidates(this.#environment.container ?? "", name)) {
      const type = this.#environment.variables.get(candidate);
      if (type) {
        node.reference = { kind: "variable", name: candidate };
        return type;
      }
      const named = typeNamed(this.#environment, candidate);
      if (named) {
        node.reference = { kind: "constant", value: named.value };
        return named.type;
      }
    }
    return undefined;
  }

  #field(at: number, operand: Type, field: string, optional: boolean): Type {
    const wrapped = isOptional(operand);
    const target = wrapped && operand.kind === "opaque" ? operand.parameters[0]! : operand;
    const type = this.#fieldOf(at, target, field);
    return (wrapped || optional) && !isOptional(type) ? optionalOf(type) : type;
  }

  #fieldOf(at: number, target: Type, field: string): Type {
    switch (target.kind) {
      case "dyn":
        return DYN;
      case "error":
        return ERROR;
      case "map":
        return target.value;
      case "object":
        return target.fields.get(field) ?? this.#report(at, `undefined field '${field}'`);
      case "parameter":
        this.#assignable(DYN, target);
        return DYN;
      default:
        return this.#report(at, `type '${printType(target)}' does not support field selection`);
    }
  }

  #index(node: Node & { kind: "index" }): Type {
    const operand = this.check(node.operand);
    const index = this.check(node.index);
    const wrapped = isOptional(operand) && operand.kind === "opaque";
    const target = wrapped ? operand.parameters[0]! : operand;
    const optional = wrapped || node.optional;
    const made = this.#element(target, index);
    if (made) return optional && !isOptional(made) ? optionalOf(made) : made;
    const name = node.optional ? "_[?_]" : "_[_]";
    return this.#noOverload(node.at, name, undefined, [operand, index]);
  }

  #element(target: Type, index: Type): Type | undefined {
    switch (target.kind) {
      case "list":
        return this.#assignable(index, INT) ? target.element : undefined;
      case "map":
        return this.#assignable(index, target.key) ? target.value : undefined;
      case "dyn":
      case "error":
        return DYN;
      case "parameter":
        this.#assignable(DYN, target);
        return DYN;
      default:
        return undefined;
    }
  }

  #noOverload(at: number, name: string, target: Type | undefined, args: readonly Type[]): Type {
    const resolved = args.map((type) => printType(this.#bindings.resolve(type, true)));
    const receiver = target ? `${printType(this.#bindings.resolve(target, true))}.` : "";
    return this.#report(
      at,
      `found no matching overload for '${name}' applied to '${receiver}(${resolved.join(", ")})'`,
    );
  }

  #call(node: Call): Type {
    const args = node.args.map((arg) => this.check(arg));
    if (!node.target) {
      const name = this.#functionNamed(node.name);
      if (name === undefined) return this.#undeclared(node.at, node.name);
      node.qualified = name;
      return this.#overloaded(node, name, undefined, args);
    }
    const prefix = this.#startsLocal(node.target) ? undefined : qualifiedName(node.target);
    const whole = prefix === undefined ? undefined : this.#functionNamed(`${prefix}.${node.name}`);
    if (whole !== undefined) {
      node.qualified = whole;
      return this.#overloaded(node, whole, undefined, args);
    }
    const target = this.check(node.target);
    if (!this.#environment.functions.has(node.name)) return this.#undeclared(node.at, node.name);
    return this.#overloaded(node, node.name, target, args);
  }

  #functionNamed(name: string): string | undefined {
    return candidates(this.#environment.container ?? "", name).find((each) =>
      this.#environment.functions.has(each),
    );
  }

  #overloaded(node: Call, name: string, target: Type | undefined, args: readonly Type[]): Type {
    const given = target ? [target, ...args] : args;
    const fitting: Overload[] = [];
    let result: Type | undefined;
    for (const overload of this.#environment.functions.get(name)!) {
      if (overload.member !== (target !== undefined) || overload.parameters.length !== given.length) continue;
      const [made, ...expected] = this.#bindings.instantiate([overload.result, ...overload.parameters]);
      if (!this.#bindings.assignable(given, expected)) continue;
      fitting.push(overload);
      const type = this.#bindings.resolve(made!);
      result = result === undefined || sameType(result, type) ? type : DYN;
    }
    node.overloads = fitting;
    if (this.#environment.strict) this.#checkLiteral(node, name);
    return result ?? this.#noOverload(node.at, name, target, args);
  }

  /** A time, a span or a pattern that nobody can read is wrong before it is evaluated. */
  #checkLiteral(node: Call, name: string): void {
    const last = node.args.at(-1);
    if (last?.kind !== "literal" || typeof last.value !== "string") return;
    const overload = node.overloads?.[0];
    if (!overload || !READ_EARLY.has(name)) return;
    const args = overload.parameters.length === 1 ? [last.value] : ["", last.value];
    if (isError(invoke(overload, args))) this.#report(last.at, `invalid ${name} argument`);
  }

  #conditional(at: number, test: Type, yes: Type, no: Type): Type {
    const result = this.#bindings.newParameter();
    if (this.#bindings.assignable([test, yes, no], [BOOL, result, result]))
      return this.#bindings.resolve(result);
    return this.#noOverload(at, "_?_:_", undefined, [test, yes, no]);
  }

  #item(node: Node, optional: boolean): { readonly at: number; readonly type: Type } {
    const type = this.check(node);
    return { at: node.at, type: optional ? this.#unwrapped(node.at, type) : type };
  }

  /** What an optional holds, where only an optional may stand. */
  #unwrapped(at: number, type: Type): Type {
    if (type.kind === "dyn" || type.kind === "error") return type;
    if (type.kind === "opaque" && isOptional(type)) return type.parameters[0]!;
    return this.#report(
      at,
      `expected type 'optional_type(${printType(type)})' but found '${printType(type)}'`,
    );
  }

  /** The type of a literal's elements. */
  #join(items: readonly { readonly at: number; readonly type: Type }[]): Type {
    let joined: Type | undefined;
    for (const { at, type } of items) {
      if (joined === undefined) joined = type;
      else if (this.#assignable(joined, type))
        joined = mostGeneral(this.#bindings.resolve(joined), this.#bindings.resolve(type));
      else if (this.#environment.strict)
        joined = this.#report(at, `expected type '${printType(joined)}' but found '${printType(type)}'`);
      else joined = DYN;
    }
    return joined ?? this.#bindings.newParameter();
  }

  #map(node: Node & { kind: "map" }): Type {
    const entries = node.entries.map(({ key, value, optional }) => ({
      key: { at: key.at, type: this.check(key) },
      value: this.#item(value, optional),
    }));
    return mapOf(this.#join(entries.map(({ key }) => key)), this.#join(entries.map(({ value }) => value)));
  }

  #object(node: Node & { kind: "object" }): Type {
    const names = candidates(this.#environment.container ?? "", node.name);
    const type = names
      .map((name) => this.#environment.objects?.get(name))
      .find((found) => found !== undefined);
    if (!type) {
      const known = names.some(
        (name) => typeNamed(this.#environment, name) ?? this.#environment.variables.get(name),
      );
      return known
        ? this.#report(node.at, `'${node.name}' is not a message type`)
        : this.#undeclared(node.at, node.name);
    }
    node.made = type.name;
    for (const { value } of node.fields) this.check(value);
    for (const { at, name, value, optional } of node.fields) {
      const declared = type.fields.get(name);
      if (!declared) {
        this.#report(at, `undefined field '${name}'`);
        continue;
      }
      const given = optional ? this.#unwrapped(at, value.type!) : value.type!;
      if (this.#assignable(given, declared)) continue;
      const types = `'${printType(declared)}' but provided type is '${printType(given)}'`;
      this.#report(at, `expected type of field '${name}' is ${types}`);
    }
    return type;
  }

  #within<T>(locals: readonly Local[], run: () => T): T {
    this.#locals.push(...locals);
    const made = run();
    this.#locals.length -= locals.length;
    return made;
  }

  #fold(node: Fold): Type {
    const [key, value] = this.#rangeTypes(node);
    const single = node.range.type!.kind === "list" ? value : key;
    const types = node.variables.length === 1 ? [single] : [key, value];
    const locals = node.variables.map((name, index) => ({ name, type: types[index]! }));
    node.locals = locals;
    return this.#within(locals, () => this.#folded(node, key, single));
  }

  /** Keys and values of what is gone through; positions are the keys of a list. */
  #rangeTypes(node: Fold): readonly [Type, Type] {
    const type = this.check(node.range);
    switch (type.kind) {
      case "list":
        return [INT, type.element];
      case "map":
        return [type.key, type.value];
      case "parameter":
        this.#assignable(DYN, type);
        return [DYN, DYN];
      case "dyn":
        return [DYN, DYN];
      case "error":
        return [ERROR, ERROR];
      default: {
        const message = `expression of type '${printType(type)}' cannot be range of a comprehension (must be list, map, or dynamic)`;
        this.#report(node.range.at, message);
        return [ERROR, ERROR];
      }
    }
  }

  #folded(node: Fold, key: Type, single: Type): Type {
    const { macro, body, filter } = node;
    if (macro === "all" || macro === "exists") {
      this.#expect(body, BOOL);
      return BOOL;
    }
    if (macro === "existsOne" || macro === "filter") {
      const result = macro === "filter" ? listOf(single) : INT;
      this.#conditional(node.at, this.check(body), result, result);
      return macro === "filter" ? this.#bindings.resolve(result) : BOOL;
    }
    const test = filter && this.check(filter);
    const result = this.#collected(node, key, this.check(body));
    if (test) this.#conditional(node.at, test, result, result);
    return result;
  }

  #collected({ macro, body }: Fold, key: Type, element: Type): Type {
    if (macro === "map" || macro === "transformList") return listOf(element);
    if (macro === "transformMap") return mapOf(key, element);
    if (element.kind === "map" || element.kind === "dyn" || element.kind === "error") return element;
    return this.#report(body.at, `expected type 'map(dyn, dyn)' but found '${printType(element)}'`);
  }

  #bind(node: Bind): Type {
    const local = { name: node.name, type: this.check(node.value) };
    node.locals = [local];
    return this.#within([local], () => this.check(node.body));
  }

  #optionalMap(node: OptionalMap): Type {
    const target = this.check(node.target);
    const held = target.kind === "dyn" ? DYN : this.#unwrapped(node.at, target);
    const local = { name: node.name, type: held };
    node.locals = [local];
    const body = this.#within([local], () => this.check(node.body));
    if (node.kind === "optMap") return optionalOf(body);
    const result = optionalOf(this.#bindings.newParameter());
    return this.#conditional(node.at, BOOL, body, result);
  }
}

function typeOfLiteral(value: Value): Type {
  switch (typeof value) {
    case "bigint":
      return INT;
    case "number":
      return DOUBLE;
    case "string":
      return STRING;
    case "boolean":
      return BOOL;
    default:
      return typeOfObject(value);
  }
}

function typeOfObject(value: object | null): Type {
  if (value === null) return NULL;
  if (value instanceof UInt) return UINT;
  if (value instanceof Uint8Array) return BYTES;
  if (value instanceof Duration) return DURATION;
  if (value instanceof Timestamp) return TIMESTAMP;
  return value instanceof TypeValue ? typeOf(undefined) : DYN;
}
