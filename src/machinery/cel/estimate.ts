/** How much an expression can cost at most, from how large the values can be that it is given. */
import type { Call, Fold, Node } from "./ast.ts";
import type { Declaration } from "./declaration.ts";
import { LIST_COST, MAP_COST, OBJECT_COST } from "./frame.ts";
import { ANY_SIZE, exactly, plus, type Range, range, type Sized, times, union } from "./pricing.ts";
import type { Type } from "./types.ts";
import { codePoints } from "./values.ts";

/** What is known of an expression's cost and value. */
interface Facts {
  readonly cost: Range;
  /** Undefined where nothing is known. */
  readonly size: Range | undefined;
  /** The place of the schema that the value comes from. */
  readonly declaration?: Declaration | undefined;
  /** Sizes of keys and values inside. */
  readonly inside?: Inside | undefined;
}

interface Inside {
  readonly key: Range;
  readonly value: Range;
}

const NOTHING = exactly(0);
const ONE = exactly(1);

/** Variables by their declarations; others can be of any size. */
export function estimateCost(node: Node, variables: ReadonlyMap<string, Declaration>): Range {
  return new Estimator(variables).facts(node).cost;
}

class Estimator {
  readonly #variables: ReadonlyMap<string, Declaration>;
  readonly #locals: (readonly [name: string, facts: Facts])[] = [];

  constructor(variables: ReadonlyMap<string, Declaration>) {
    this.#variables = variables;
  }

  facts(node: Node): Facts {
    const facts = this.#factsOf(node);
    if (facts.size !== undefined) return facts;
    const declared = facts.declaration && range(0, facts.declaration.sizeMax);
    return { ...facts, size: declared ?? (isScalar(node.type) ? ONE : undefined) };
  }

  #factsOf(node: Node): Facts {
    switch (node.kind) {
      case "literal":
        return { cost: NOTHING, size: exactly(literalSize(node.value)) };
      case "ident":
        return this.#ident(node);
      case "select":
        return this.#select(node);
      case "has":
        return { cost: this.facts(node.operand).cost, size: ONE };
      case "index":
        return this.#index(node);
      case "call":
        return this.#call(node);
      case "and":
      case "or":
        return this.#logical(node);
      case "conditional":
        return this.#conditional(node);
      case "list":
        return this.#list(node);
      case "map":
        return this.#map(node);
      case "object":
        return {
          cost: plus(total(node.fields.map(({ value }) => this.facts(value))), exactly(OBJECT_COST)),
          size: undefined,
        };
      case "fold":
        return this.#fold(node);
      case "bind":
        return this.#bind(node);
      default:
        return this.#optional(node);
    }
  }

  #within<T>(locals: readonly (readonly [string, Facts])[], run: () => T): T {
    this.#locals.push(...locals);
    const made = run();
    this.#locals.length -= locals.length;
    return made;
  }

  #ident(node: Node & { kind: "ident" }): Facts {
    const local = this.#locals.findLast(([name]) => name === node.name);
    if (local) return { ...local[1], cost: ONE };
    return { cost: ONE, size: undefined, declaration: this.#variables.get(node.name) };
  }

  #select(node: Node & { kind: "select" }): Facts {
    if (node.reference?.kind === "variable")
      return { cost: ONE, size: undefined, declaration: this.#variables.get(node.reference.name) };
    const operand = this.facts(node.operand);
    const known = ["map", "object", "parameter"].includes(node.operand.type?.kind ?? "dyn");
    const declared = operand.declaration;
    return {
      cost: known ? plus(operand.cost, ONE) : operand.cost,
      size: undefined,
      declaration: declared?.fields ? declared.fields.get(node.field) : declared?.element,
    };
  }

  #index(node: Node & { kind: "index" }): Facts {
    const operand = this.facts(node.operand);
    const index = this.facts(node.index);
    return {
      cost: plus(plus(operand.cost, index.cost), ONE),
      size: operand.inside?.value,
      declaration: operand.declaration?.element,
    };
  }

  /** What comes first may decide alone. */
  #logical({ terms }: Node & { kind: "and" | "or" }): Facts {
    const costs = terms.map((term) => this.facts(term).cost);
    return { cost: range(costs[0]!.min, costs.reduce(plus).max), size: ONE };
  }

  #conditional(node: Node & { kind: "conditional" }): Facts {
    const test = this.facts(node.test);
    const [yes, no] = [this.facts(node.yes), this.facts(node.no)];
    return {
      cost: plus(test.cost, union(yes.cost, no.cost)),
      size: union(sizeOf(yes), sizeOf(no)),
      inside: bothInside(yes.inside, no.inside),
    };
  }

  #list(node: Node & { kind: "list" }): Facts {
    const items = node.items.map((item) => this.facts(item));
    return {
      cost: plus(total(items), exactly(LIST_COST)),
      size: exactly(items.length),
      inside: { key: ONE, value: widest(items) },
    };
  }

  #map({ entries }: Node & { kind: "map" }): Facts {
    const keys = entries.map(({ key }) => this.facts(key));
    const values = entries.map(({ value }) => this.facts(value));
    return {
      cost: plus(plus(total(keys), total(values)), exactly(MAP_COST)),
      size: exactly(keys.length),
      inside: { key: widest(keys), value: widest(values) },
    };
  }

  #bind(node: Node & { kind: "bind" }): Facts {
    const value = this.facts(node.value);
    const body = this.#within([[node.name, value]], () => this.facts(node.body));
    return { ...body, cost: plus(plus(value.cost, body.cost), exactly(LIST_COST)) };
  }

  #optional(node: Node & { kind: "optMap" | "optFlatMap" }): Facts {
    const target = this.facts(node.target);
    const held: Facts = { ...target, cost: NOTHING };
    const body = this.#within([[node.name, held]], () => this.facts(node.body));
    const made = plus(plus(body.cost, target.cost), exactly(LIST_COST + (node.kind === "optMap" ? 2 : 1)));
    return { cost: plus(plus(target.cost, ONE), union(made, ONE)), size: body.size };
  }

  #call(node: Call): Facts {
    const nodes = node.target && node.qualified === undefined ? [node.target, ...node.args] : node.args;
    const args = nodes.map((arg) => this.facts(arg));
    if (node.name === "dyn") return { ...args[0]!, cost: plus(args[0]!.cost, ONE) };
    const sized = args.map((facts, index): Sized => sizedOf(facts, nodes[index]!.type!));
    let cost: Range | undefined;
    let size: Range | undefined;
    for (const { price } of node.overloads ?? []) {
      const estimate = price.estimate(sized);
      cost = cost === undefined ? estimate.cost : union(cost, estimate.cost);
      if (estimate.size) size = size === undefined ? estimate.size : union(size, estimate.size);
    }
    const inside = node.name === "_+_" ? bothInside(args[0]!.inside, args[1]!.inside) : undefined;
    return { cost: plus(total(args), cost ?? NOTHING), size, inside };
  }

  #fold(node: Fold): Facts {
    const over = this.facts(node.range);
    const isList = node.range.type?.kind === "list";
    const { declaration } = over;
    const key: Facts = {
      cost: ONE,
      size: over.inside?.key,
      declaration: isList ? undefined : declaration?.key,
    };
    const value: Facts = { cost: ONE, size: over.inside?.value, declaration: declaration?.element };
    const single = isList ? value : key;
    const variables = node.variables.length === 1 ? [single] : [key, value];
    const locals = node.variables.map((name, index) => [name, variables[index]!] as const);
    const [filter, body] = this.#within(locals, () => [
      node.filter && this.facts(node.filter),
      this.facts(node.body),
    ]);
    const { start, round, end } = roundOf(node, filter?.cost, body.cost);
    const size = sizeOf(over);
    const cost = plus(plus(over.cost, exactly(start + end)), times(size, round));
    if (["all", "exists", "existsOne"].includes(node.macro)) return { cost, size: ONE };
    const held = node.macro === "filter" ? sizeOf(single) : sizeOf(body);
    return { cost, size, inside: { key: ONE, value: range(0, held.max) } };
  }
}

interface Round {
  readonly start: number;
  readonly round: Range;
  readonly end: number;
}

/** What upstream's expansion of the macro costs before, in each round, and after. */
function roundOf({ macro }: Fold, filter: Range | undefined, body: Range): Round {
  switch (macro) {
    case "all":
      return { start: 0, round: range(3, body.max + 3), end: 1 };
    case "exists":
      return { start: 0, round: range(4, body.max + 4), end: 1 };
    case "existsOne":
      return { start: 0, round: plus(body, range(1, 2)), end: 2 };
    case "filter":
      return { start: LIST_COST, round: plus(body, range(1, LIST_COST + 3)), end: 1 };
    default: {
      const maps = macro === "transformMap" || macro === "transformMapEntry";
      const insertion = maps ? (macro === "transformMap" ? 3 : 2) : LIST_COST + 2;
      const taken = plus(body, exactly(insertion));
      const round = filter ? plus(filter, union(taken, ONE)) : taken;
      return { start: maps ? MAP_COST : LIST_COST, round, end: 1 };
    }
  }
}

const sizeOf = ({ size, declaration }: Facts): Range =>
  size ?? (declaration ? range(0, declaration.sizeMax) : ANY_SIZE);

const total = (all: readonly Facts[]): Range => all.reduce((sum, { cost }) => plus(sum, cost), NOTHING);

const widest = (all: readonly Facts[]): Range => (all.length === 0 ? NOTHING : all.map(sizeOf).reduce(union));

const bothInside = (a: Inside | undefined, b: Inside | undefined): Inside | undefined =>
  a && b && { key: union(a.key, b.key), value: union(a.value, b.value) };

function sizedOf(facts: Facts, type: Type): Sized {
  const element = facts.declaration?.element;
  return { size: sizeOf(facts), type, elementSize: element ? range(0, element.sizeMax) : ANY_SIZE };
}

function isScalar(type: Type | undefined): boolean {
  if (type?.kind === "opaque" && type.name === "optional_type") return isScalar(type.parameters[0]);
  return ["bool", "double", "duration", "int", "timestamp", "uint"].includes(type?.kind ?? "dyn");
}

function literalSize(value: unknown): number {
  if (typeof value === "string") return codePoints(value);
  return value instanceof Uint8Array ? value.length : 1;
}
