/** A checked tree to closures. */
import type { Bind, Call, Local, Node, OptionalMap, Reference } from "./ast.ts";
import { invoke, isCertain, pick } from "./dispatch.ts";
import type { Environment } from "./environment.ts";
import { compileFold } from "./fold.ts";
import { type Code, type Frame, LIST_COST, MAP_COST, OBJECT_COST, spend } from "./frame.ts";
import type { Overload } from "./function-table.ts";
import { at, atOptional, BINARY, hasField, select, selectOptional, UNARY } from "./operators.ts";
import {
  ArrayList,
  CelError,
  isError,
  keyOf,
  LiteralMap,
  noSuchOverload,
  Optional,
  type Result,
  type Value,
} from "./values.ts";

/** The compiled expression, and which variables it needs in which slots. */
export interface Compiled {
  readonly code: Code;
  readonly slots: number;
  /** Slot of each variable that is mentioned. */
  readonly variables: ReadonlyMap<string, number>;
}

export function compile(node: Node, environment: Environment): Compiled {
  const compiler = new Compiler(environment);
  const code = compiler.compile(node);
  return { code, slots: compiler.slots, variables: compiler.variables };
}

/** A map with the name of its type. */
class ObjectValue extends LiteralMap {
  readonly #name: string;
  constructor(name: string) {
    super();
    this.#name = name;
  }
  override get typeName(): string {
    return this.#name;
  }
}

export class Compiler {
  slots = 0;
  readonly variables = new Map<string, number>();
  readonly #environment: Environment;
  readonly #locals = new Map<Local, number>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** A slot of its own for a macro's variable. */
  slotOf(local: Local): number {
    let slot = this.#locals.get(local);
    if (slot === undefined) {
      slot = this.slots;
      this.slots += 1;
      this.#locals.set(local, slot);
    }
    return slot;
  }

  compile(node: Node): Code {
    switch (node.kind) {
      case "literal": {
        const { value } = node;
        return () => value;
      }
      case "ident":
        return node.reference ? this.#reference(node.reference) : unknownName(node.name);
      case "select":
        return node.reference ? this.#reference(node.reference) : this.#select(node);
      case "has":
        return this.#has(node);
      case "index":
        return binary(this.compile(node.operand), this.compile(node.index), {
          apply: node.optional ? atOptional : at,
          cost: () => 1,
        });
      case "call":
        return this.#call(node);
      case "and":
        return logic(
          node.terms.map((term) => this.compile(term)),
          false,
        );
      case "or":
        return logic(
          node.terms.map((term) => this.compile(term)),
          true,
        );
      case "conditional":
        return conditional(this.compile(node.test), this.compile(node.yes), this.compile(node.no));
      case "list":
        return this.#list(node);
      case "map":
        return this.#map(node);
      case "object":
        return this.#object(node);
      case "fold":
        return compileFold(this, node);
      case "bind":
        return this.#bind(node);
      default:
        return this.#optionalMap(node);
    }
  }

  #reference(reference: Reference): Code {
    if (reference.kind === "constant") {
      const { value } = reference;
      return (frame) => {
        frame.cost += 1;
        return value;
      };
    }
    const slot = reference.kind === "local" ? this.slotOf(reference.slot) : this.#variable(reference.name);
    return (frame) => {
      frame.cost += 1;
      return frame.slots[slot]!;
    };
  }

  #variable(name: string): number {
    let slot = this.variables.get(name);
    if (slot === undefined) {
      slot = this.slots;
      this.slots += 1;
      this.variables.set(name, slot);
    }
    return slot;
  }

  #select(node: Node & { kind: "select" }): Code {
    const operand = this.compile(node.operand);
    const { field } = node;
    const pick = node.optional ? selectOptional : select;
    return (frame) => {
      const value = operand(frame);
      if (isError(value)) return value;
      frame.cost += 1;
      return pick(value, field);
    };
  }

  #has(node: Node & { kind: "has" }): Code {
    const operand = this.compile(node.operand);
    const { field } = node;
    return (frame) => {
      const value = operand(frame);
      return isError(value) ? value : hasField(value, field);
    };
  }

  #call(node: Call): Code {
    const targets = node.target && node.qualified === undefined ? [node.target] : [];
    const nodes = [...targets, ...node.args];
    const args = nodes.map((arg) => this.compile(arg));
    const unaryOperator = UNARY.get(node.name);
    if (unaryOperator) return unary(args[0]!, unaryOperator);
    const operator = BINARY.get(node.name);
    if (operator) return binary(args[0]!, args[1]!, operator);
    const overloads = this.#overloadsOf(node, nodes);
    if (!overloads) return unknownFunction(node.name);
    const certain = node.overloads?.length === 1 && nodes.every((arg) => isCertain(arg.type));
    return certain ? direct(overloads[0]!, args) : dispatched(overloads, args);
  }

  #overloadsOf(node: Call, args: readonly Node[]): readonly Overload[] | undefined {
    if (node.overloads && node.overloads.length > 0) return node.overloads;
    const member = node.target !== undefined && node.qualified === undefined;
    const all = this.#environment.functions.get(node.qualified ?? node.name);
    return all?.filter((each) => each.member === member && each.parameters.length === args.length);
  }

  #list(node: Node & { kind: "list" }): Code {
    if (node.items.every(({ kind }) => kind === "literal") && node.optional.size === 0) {
      const whole = new ArrayList(node.items.map((item) => (item as Node & { kind: "literal" }).value));
      return (frame) => {
        frame.cost += LIST_COST;
        return whole;
      };
    }
    const items = node.items.map((item) => this.compile(item));
    const { optional } = node;
    return (frame) => {
      const values: Value[] = [];
      for (let index = 0; index < items.length; index += 1) {
        const value = items[index]!(frame);
        if (isError(value)) return value;
        if (!optional.has(index)) values.push(value);
        else if (!(value instanceof Optional)) return notOptional(value);
        else if (value.value !== undefined) values.push(value.value);
      }
      spend(frame, LIST_COST);
      return new ArrayList(values);
    };
  }

  #map(node: Node & { kind: "map" }): Code {
    const entries = node.entries.map(({ key, value, optional }) => ({
      key: this.compile(key),
      value: this.compile(value),
      optional,
    }));
    return (frame) => {
      const map = new LiteralMap();
      for (const { key, value, optional } of entries) {
        const known = key(frame);
        if (isError(known)) return known;
        const held = value(frame);
        if (isError(held)) return held;
        const failed = addEntry(map, known, held, optional);
        if (failed) return failed;
      }
      spend(frame, MAP_COST);
      return map;
    };
  }

  #object(node: Node & { kind: "object" }): Code {
    const { made } = node;
    if (made === undefined) return unknownName(node.name);
    const fields = node.fields.map(({ name, value, optional }) => ({
      name,
      value: this.compile(value),
      optional,
    }));
    return (frame) => {
      const object = new ObjectValue(made);
      for (const { name, value, optional } of fields) {
        const held = value(frame);
        if (isError(held)) return held;
        const failed = addEntry(object, name, held, optional);
        if (failed) return failed;
      }
      spend(frame, OBJECT_COST);
      return object;
    };
  }

  #bind(node: Bind): Code {
    const value = this.compile(node.value);
    const slot = this.slotOf(node.locals![0]!);
    const body = this.compile(node.body);
    return (frame) => {
      spend(frame, LIST_COST);
      frame.slots[slot] = value(frame);
      return body(frame);
    };
  }

  /** Upstream writes the target twice: once to ask whether it has a value, once to get it. */
  #optionalMap(node: OptionalMap): Code {
    const target = this.compile(node.target);
    const slot = this.slotOf(node.locals![0]!);
    const body = this.compile(node.body);
    const flat = node.kind === "optFlatMap";
    return (frame) => {
      const before = frame.cost;
      const held = target(frame);
      if (isError(held)) return held;
      if (!(held instanceof Optional)) return noSuchOverload;
      spend(frame, 2);
      if (held.value === undefined) return Optional.none;
      spend(frame, LIST_COST + frame.cost - before);
      frame.slots[slot] = held.value;
      const made = body(frame);
      if (isError(made)) return made;
      if (!flat) return new Optional(made);
      return made instanceof Optional ? made : noSuchOverload;
    };
  }
}

function addEntry(map: LiteralMap, key: Value, value: Value, optional: boolean): CelError | undefined {
  if (keyOf(key) === undefined || typeof key === "number") return new CelError("unsupported key type");
  if (optional) {
    if (!(value instanceof Optional)) return notOptional(value);
    if (value.value === undefined) return undefined;
  }
  const held = optional ? (value as Optional).value! : value;
  return map.add(key, held) ? undefined : new CelError(`Failed with repeated key: ${String(key)}`);
}

const notOptional = (value: Value): CelError =>
  new CelError(`cannot initialize optional entry from non-optional value ${String(value)}`);

const unknownName = (name: string): Code => {
  const failed = new CelError(`no such attribute(s): ${name}`);
  return () => failed;
};

const unknownFunction = (name: string): Code => {
  const failed = new CelError(`unbound function: ${name}`);
  return () => failed;
};

function unary(operand: Code, apply: (value: Value) => Result): Code {
  return (frame) => {
    const value = operand(frame);
    if (isError(value)) return value;
    frame.cost += 1;
    return apply(value);
  };
}

function binary(
  left: Code,
  right: Code,
  { apply, cost }: { apply: (a: Value, b: Value) => Result; cost: (a: Value, b: Value) => number },
): Code {
  return (frame) => {
    const a = left(frame);
    if (isError(a)) return a;
    const b = right(frame);
    if (isError(b)) return b;
    spend(frame, cost(a, b));
    return apply(a, b);
  };
}

/** One overload, whatever the values. */
function direct(overload: Overload, args: readonly Code[]): Code {
  const run = (frame: Frame, values: readonly Value[]): Result => {
    spend(frame, overload.price.run(values));
    return invoke(overload, values);
  };
  return withArguments(args, run);
}

function dispatched(overloads: readonly Overload[], args: readonly Code[]): Code {
  return withArguments(args, (frame, values) => {
    const overload = pick(overloads, values);
    spend(frame, overload ? overload.price.run(values) : 1);
    return invoke(overload, values);
  });
}

function withArguments(args: readonly Code[], run: (frame: Frame, values: readonly Value[]) => Result): Code {
  const [first, second] = args;
  if (args.length === 1) {
    return (frame) => {
      const a = first!(frame);
      return isError(a) ? a : run(frame, [a]);
    };
  }
  if (args.length === 2) {
    return (frame) => {
      const a = first!(frame);
      if (isError(a)) return a;
      const b = second!(frame);
      return isError(b) ? b : run(frame, [a, b]);
    };
  }
  return (frame) => {
    const values: Value[] = [];
    for (const arg of args) {
      const value = arg(frame);
      if (isError(value)) return value;
      values.push(value);
    }
    return run(frame, values);
  };
}

/** Ends with the first term that decides; an error counts only when no term does. */
function logic(terms: readonly Code[], decisive: boolean): Code {
  return (frame) => {
    let failed: CelError | undefined;
    for (const term of terms) {
      const value = term(frame);
      if (value === decisive) return decisive;
      if (value !== !decisive) failed ??= isError(value) ? value : noSuchOverload;
    }
    return failed ?? !decisive;
  };
}

function conditional(test: Code, yes: Code, no: Code): Code {
  return (frame) => {
    const value = test(frame);
    if (value === true) return yes(frame);
    if (value === false) return no(frame);
    return isError(value) ? value : noSuchOverload;
  };
}
