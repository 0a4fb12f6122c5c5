/** Which types fit which, with type parameters bound on the way. */
import { DYN, type Type } from "./types.ts";

/** What type parameters stand for so far. */
export class Bindings {
  #bound: Map<string, Type>;
  #fresh = 0;

  constructor() {
    this.#bound = new Map();
  }

  /** A parameter that nothing else mentions. */
  newParameter(): Type {
    const name = `_var${this.#fresh}`;
    this.#fresh += 1;
    return { kind: "parameter", name };
  }

  /** Can each value be given where the other type is expected? Parameters are bound only if all fit. */
  assignable(given: readonly Type[], expected: readonly Type[]): boolean {
    const before = this.#bound;
    this.#bound = new Map(before);
    const fits = given.length === expected.length && given.every((type, i) => this.#fits(type, expected[i]!));
    if (!fits) this.#bound = before;
    return fits;
  }

  /** The type with everything known put in; parameters that stay unknown become `dyn` when asked. */
  resolve(type: Type, unknownAsDyn = false): Type {
    switch (type.kind) {
      case "parameter": {
        const known = this.#bound.get(type.name);
        if (known) return this.resolve(known, unknownAsDyn);
        return unknownAsDyn ? DYN : type;
      }
      case "list":
        return { kind: "list", element: this.resolve(type.element, unknownAsDyn) };
      case "map":
        return {
          kind: "map",
          key: this.resolve(type.key, unknownAsDyn),
          value: this.resolve(type.value, unknownAsDyn),
        };
      case "opaque":
        if (type.parameters.length === 0) return type;
        return { ...type, parameters: type.parameters.map((each) => this.resolve(each, unknownAsDyn)) };
      case "type":
        return type.of ? { kind: "type", of: this.resolve(type.of, unknownAsDyn) } : type;
      default:
        return type;
    }
  }

  /** An overload's types with parameters of their own, so two calls do not share them. */
  instantiate(types: readonly Type[]): readonly Type[] {
    const renamed = new Map<string, Type>();
    const rename = (type: Type): Type => {
      switch (type.kind) {
        case "parameter": {
          const known = renamed.get(type.name) ?? this.newParameter();
          renamed.set(type.name, known);
          return known;
        }
        case "list":
          return { kind: "list", element: rename(type.element) };
        case "map":
          return { kind: "map", key: rename(type.key), value: rename(type.value) };
        case "opaque":
          return type.parameters.length === 0 ? type : { ...type, parameters: type.parameters.map(rename) };
        case "type":
          return type.of ? { kind: "type", of: rename(type.of) } : type;
        default:
          return type;
      }
    };
    return types.map(rename);
  }

  #fits(given: Type, expected: Type): boolean {
    if (expected.kind === "parameter") {
      const bound = this.#bound.has(expected.name);
      if (this.#bind(given, expected)) return true;
      if (bound) return false;
    }
    if (given.kind === "parameter") return this.#bind(expected, given);
    if (isAny(given) || isAny(expected)) return true;
    if (given.kind === "null") return takesNull(expected);
    if (expected.kind === "null") return takesNull(given);
    if (given.kind !== expected.kind) return false;
    const left = parametersOf(given);
    const right = parametersOf(expected);
    if (nameOf(given) !== nameOf(expected) || left.length !== right.length) return false;
    return left.every((type, index) => this.#fits(type, right[index]!));
  }

  #bind(type: Type, parameter: Type & { kind: "parameter" }): boolean {
    if (type.kind === "parameter" && type.name === parameter.name) return true;
    const known = this.#bound.get(parameter.name);
    if (known) {
      if (sameType(type, known)) return true;
      if (!this.#fits(type, known)) return false;
      const general = mostGeneral(type, known);
      if (!this.#mentions(general, parameter.name)) this.#bound.set(parameter.name, general);
      return true;
    }
    if (this.#mentions(type, parameter.name)) return false;
    this.#bound.set(parameter.name, type);
    return true;
  }

  #mentions(type: Type, name: string): boolean {
    if (type.kind === "parameter") {
      if (type.name === name) return true;
      const known = this.#bound.get(type.name);
      return known !== undefined && this.#mentions(known, name);
    }
    return parametersOf(type).some((each) => this.#mentions(each, name));
  }
}

const isAny = (type: Type): boolean => type.kind === "dyn" || type.kind === "error";

const takesNull = ({ kind }: Type): boolean =>
  kind === "null" || kind === "object" || kind === "opaque" || kind === "timestamp" || kind === "duration";

const nameOf = (type: Type): string | undefined =>
  type.kind === "object" || type.kind === "opaque" || type.kind === "parameter" ? type.name : undefined;

/** `type` fits every `type(x)`, so what it is the type of does not count. */
function parametersOf(type: Type): readonly Type[] {
  switch (type.kind) {
    case "list":
      return [type.element];
    case "map":
      return [type.key, type.value];
    case "opaque":
      return type.parameters;
    default:
      return [];
  }
}

export function sameType(a: Type, b: Type): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || nameOf(a) !== nameOf(b)) return false;
  const [left, right] = [parametersOf(a), parametersOf(b)];
  return left.length === right.length && left.every((type, index) => sameType(type, right[index]!));
}

/** The one of two matching types that allows more. */
export const mostGeneral = (a: Type, b: Type): Type => (isAsGeneral(a, b) ? a : b);

function isAsGeneral(a: Type, b: Type): boolean {
  if (a.kind === "dyn" || a.kind === "parameter") return true;
  if (b.kind === "dyn" || b.kind === "parameter") return false;
  if (a.kind === "null" || b.kind === "null") return b.kind === "null";
  if (a.kind !== b.kind || nameOf(a) !== nameOf(b)) return false;
  const [left, right] = [parametersOf(a), parametersOf(b)];
  return left.length === right.length && left.every((type, index) => isAsGeneral(type, right[index]!));
}
