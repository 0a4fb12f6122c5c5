/** The expressions of one policy, each of which sees the variables before it. */
import { BOOL, DYN, listOf, mapOf, objectType, type Type } from "#machinery/cel/types";
import { compileExpression, type Compiled, type Mentions } from "./expressions.ts";

export class PolicyCompiler {
  readonly #mentions: Mentions;
  readonly #types = new Map<string, Type>();
  readonly #programs = new Map<string, Compiled>();

  constructor(mentions: Pick<Mentions, "object" | "params" | "changes">) {
    this.#mentions = { ...mentions, variables: objectType("kubernetes.variables", this.#types) };
  }

  /** By name, as far as they have been compiled. */
  get variables(): ReadonlyMap<string, Compiled> {
    return this.#programs;
  }

  /** A variable for the expressions to come, also where it is wrong: they say nothing more about it. */
  variable(name: string, expression: string): Compiled {
    const compiled = compileExpression(expression, this.#mentions);
    this.#types.set(name, "error" in compiled ? DYN : declared(compiled.program.type));
    this.#programs.set(name, compiled);
    return compiled;
  }

  expression(expression: string, ...results: readonly Type[]): Compiled {
    return compileExpression(expression, this.#mentions, ...results);
  }

  /** One that may not ask the authorizer. */
  message(expression: string, ...results: readonly Type[]): Compiled {
    return compileExpression(expression, { ...this.#mentions, authorizer: false }, ...results);
  }

  /** Whether the policy is about a write is decided before there are variables. */
  condition(expression: string): Compiled {
    const { params } = this.#mentions;
    return compileExpression(expression, params ? { params } : {}, BOOL);
  }
}

/** What others know of a variable's type: of objects, nothing. */
function declared(type: Type): Type {
  switch (type.kind) {
    case "list":
      return listOf(declared(type.element));
    case "map":
      return mapOf(declared(type.key), declared(type.value));
    case "object":
    case "opaque":
    case "type":
    case "parameter":
    case "error":
      return DYN;
    default:
      return type;
  }
}
