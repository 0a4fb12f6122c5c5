/** From text to something that can be evaluated. */
import type { Node } from "./ast.ts";
import { check } from "./checker.ts";
import { compile, type Compiled } from "./compiler.ts";
import type { Environment } from "./environment.ts";
import { CostExceeded } from "./frame.ts";
import { printIssues } from "./issues.ts";
import { parse } from "./parser.ts";
import type { Type } from "./types.ts";
import { CelError, type Result } from "./values.ts";

export interface Evaluation {
  readonly value: Result;
  /** What was spent, also where the evaluation failed. */
  readonly cost: number;
  /** The evaluation was ended since it cost more than it may. */
  readonly exceeded: boolean;
}

/** The value of a variable; undefined when it has none. Called at most once an evaluation, if the variable is used. */
export type Variables = (name: string) => Result | undefined;

/** One evaluation costs at most this, in cost units. */
export const PER_CALL_LIMIT = 1_000_000;

export class Program {
  readonly node: Node;
  readonly type: Type;
  readonly #compiled: Compiled;
  readonly #variables: readonly (readonly [name: string, slot: number])[];

  constructor(node: Node, environment: Environment) {
    this.node = node;
    this.type = node.type!;
    this.#compiled = compile(node, environment);
    this.#variables = [...this.#compiled.variables];
  }

  /** Does the expression mention this variable? */
  mentions(variable: string): boolean {
    return this.#compiled.variables.has(variable);
  }

  evaluate(variables: Variables, limit: number = PER_CALL_LIMIT): Evaluation {
    const frame = { cost: 0, limit, slots: Array<Result>(this.#compiled.slots).fill(null) };
    for (const [name, slot] of this.#variables) {
      const value = variables(name);
      frame.slots[slot] = value === undefined ? new CelError(`no such attribute(s): ${name}`) : value;
    }
    try {
      const value = this.#compiled.code(frame);
      if (frame.cost > limit) throw new CostExceeded();
      return { value, cost: frame.cost, exceeded: false };
    } catch (error) {
      if (!(error instanceof CostExceeded)) throw error;
      return { value: new CelError(error.message), cost: frame.cost, exceeded: true };
    }
  }
}

/** The program, or what is wrong with the text: all issues, printed as cel-go prints them. */
export function compileProgram(
  source: string,
  environment: Environment,
): Program | { readonly errors: string } {
  const parsed = parse(source);
  if (!parsed.node) return { errors: printIssues(source, parsed.issues) };
  const issues = check(parsed.node, environment);
  if (issues.length > 0 && environment.checked !== false) return { errors: printIssues(source, issues) };
  return new Program(parsed.node, environment);
}
