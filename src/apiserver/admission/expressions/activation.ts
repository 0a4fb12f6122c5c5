import {
  type Compiled,
  NAMESPACE_DECLARATION,
  REQUEST_DECLARATION,
} from "#api/admissionregistration-v1/expressions";
import { readAny } from "#machinery/cel/json-values";
import { authorizerValue, requestResourceValue } from "#machinery/cel/library/authorizer";
import { PER_CALL_LIMIT, type Program, type Variables } from "#machinery/cel/program";
import { CelError, CelMap, isError, type Result, type Value } from "#machinery/cel/values";
import type { AnyObject } from "#machinery/schema";
import { requestOf } from "../matching/request.ts";
import type { Seen } from "../matching/seen.ts";
import { type Access, AnswerPending } from "./access.ts";

/** What expressions about one write may look at. */
export interface Sight {
  readonly seen: Seen;
  readonly access: Access;
  readonly params?: AnyObject | undefined;
  /** Undefined for what is in none. */
  readonly namespace?: AnyObject | undefined;
  /** Programs by the names of variables. */
  readonly variables?: ReadonlyMap<string, Compiled>;
}

/** What evaluations may still cost together, in cost units. */
export class Budget {
  left: number;

  constructor(units: number) {
    this.left = units;
  }
}

/** Evaluations have cost more than they may together. */
export class OutOfBudget extends Error {
  override readonly name = "OutOfBudget";

  constructor() {
    super("validation failed due to running out of cost budget, no further validation rules will be run");
  }
}

/** Evaluates expressions about one write. What they mention is made when it is first asked for, and once. */
export class Activation {
  readonly #sight: Sight;
  readonly #values = new Map<string, Result | undefined>();
  /** What variables have cost that were evaluated on the way. */
  #owed = 0;

  constructor(sight: Sight) {
    this.#sight = sight;
  }

  get seen(): Seen {
    return this.#sight.seen;
  }

  /** Answers at once, but where the authorizer takes its time. Throws OutOfBudget. */
  evaluate(program: Program, budget: Budget): Result | Promise<Result> {
    try {
      return this.#evaluate(program, budget);
    } catch (error) {
      if (!(error instanceof AnswerPending)) throw error;
      return this.#evaluateAgain(program, budget, error);
    }
  }

  /** Starts anew with the authorizer's answer. */
  async #evaluateAgain(program: Program, budget: Budget, pending: AnswerPending): Promise<Result> {
    await this.#sight.access.settle(pending);
    return this.evaluate(program, budget);
  }

  #evaluate(program: Program, budget: Budget): Result {
    const limit = Math.min(budget.left, PER_CALL_LIMIT);
    const { value, cost, exceeded } = program.evaluate(this.#read, limit);
    const isLast = exceeded && limit === budget.left;
    budget.left -= cost + this.#owed;
    this.#owed = 0;
    if (isLast || budget.left < 0) throw new OutOfBudget();
    return value;
  }

  readonly #read: Variables = (name) => {
    if (this.#values.has(name)) return this.#values.get(name);
    const value = this.#make(name);
    this.#values.set(name, value);
    return value;
  };

  #make(name: string): Result | undefined {
    const { seen, access, params, namespace, variables } = this.#sight;
    switch (name) {
      case "object":
        return readAny(seen.object ?? null);
      case "oldObject":
        return readAny(seen.old ?? null);
      case "request":
        return REQUEST_DECLARATION.read(requestOf(seen));
      case "params":
        return readAny(params ?? null);
      case "namespaceObject":
        return NAMESPACE_DECLARATION.read(namespace ?? null);
      case "variables":
        return new LazyVariables(variables ?? new Map(), (program) => this.#variable(program));
      case "authorizer":
        return authorizerValue(access.decide);
      case "authorizer.requestResource":
        return requestResourceValue(access.decide, askedBy(seen));
      default:
        return undefined;
    }
  }

  #variable(program: Program): Result {
    const { value, cost } = program.evaluate(this.#read);
    this.#owed += cost;
    return value;
  }
}

const askedBy = ({ admission: { resource, subresource, namespace, name } }: Seen) => ({
  group: resource.group,
  resource: resource.plural,
  subresource,
  namespace,
  name,
});

/** The variables of a policy, each evaluated when it is first read. */
class LazyVariables extends CelMap {
  readonly #programs: ReadonlyMap<string, Compiled>;
  readonly #evaluate: (program: Program) => Result;
  readonly #known = new Map<string, Result>();

  constructor(programs: ReadonlyMap<string, Compiled>, evaluate: (program: Program) => Result) {
    super();
    this.#programs = programs;
    this.#evaluate = evaluate;
  }

  get size(): number {
    return this.#programs.size;
  }

  get(key: Value): Result | undefined {
    if (typeof key !== "string") return undefined;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const compiled = this.#programs.get(key);
    if (!compiled) return undefined;
    const value = this.#valueOf(key, compiled);
    this.#known.set(key, value);
    return value;
  }

  has(key: Value): boolean {
    return typeof key === "string" && this.#programs.has(key);
  }

  keys(): readonly Value[] {
    return [...this.#programs.keys()];
  }

  #valueOf(name: string, compiled: Compiled): Result {
    const called = `composited variable ${JSON.stringify(name)}`;
    if ("error" in compiled) return new CelError(`${called} fails to compile: ${compiled.error}`);
    const value = this.#evaluate(compiled.program);
    return isError(value) ? new CelError(`${called} fails to evaluate: ${value.message}`) : value;
  }
}
