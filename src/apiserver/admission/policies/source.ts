import type { Compiled } from "#api/admissionregistration-v1/expressions";
import type {
  MatchCondition,
  MatchResources,
  ParamKind,
  ParamRef,
  Variable,
} from "#api/admissionregistration-v1/matching";
import { PolicyCompiler } from "#api/admissionregistration-v1/policy-compiler";
import { compileSelector, type LabelMatcher } from "#machinery/label-selector";
import type { AnyObject, Resource } from "#machinery/schema";
import type { ReadCache } from "../../contracts.ts";
import { type Condition, compileConditions } from "../expressions/conditions.ts";
import { compileCriteria, type Criteria } from "../matching/criteria.ts";

/** What all kinds of policies have. */
export interface AnyPolicy extends AnyObject {
  readonly spec: {
    readonly paramKind?: ParamKind;
    readonly matchConstraints?: MatchResources;
    readonly matchConditions?: readonly MatchCondition[];
    readonly variables?: readonly Variable[];
    readonly failurePolicy?: string;
  };
}

export interface AnyBinding extends AnyObject {
  readonly spec: {
    readonly policyName?: string;
    readonly paramRef?: ParamRef;
    readonly matchResources?: MatchResources;
  };
}

/** A policy, compiled. */
export interface Policy<W> {
  readonly name: string;
  readonly criteria: Criteria;
  /** Requests go on where the policy cannot be evaluated. */
  readonly failsOpen: boolean;
  readonly paramKind: ParamKind | undefined;
  readonly conditions: readonly Condition[];
  readonly variables: ReadonlyMap<string, Compiled>;
  /** What it does. */
  readonly work: W;
}

export interface Binding<B extends AnyBinding> {
  readonly name: string;
  readonly criteria: Criteria;
  readonly spec: B["spec"];
  /** By labels; undefined where params are chosen by name. */
  readonly paramMatches: LabelMatcher | undefined;
}

/** A policy with those who put it to use. */
export interface ActivePolicy<W, B extends AnyBinding> {
  readonly policy: Policy<W>;
  readonly bindings: readonly Binding<B>[];
}

export interface PolicySourceOptions<P extends AnyPolicy, B extends AnyBinding, W> {
  readonly cache: ReadCache;
  readonly policies: Resource<P>;
  readonly bindings: Resource<B>;
  /** Its expressions may make parts of objects and patches. */
  readonly changes: boolean;
  /** Compiles what the policy does; its variables are known to the compiler. */
  readonly compile: (policy: P, compiler: PolicyCompiler) => W;
}

interface Entry<P, W> {
  readonly uid: string;
  readonly generation: number | undefined;
  readonly object: P;
  /** Made when a binding first puts the policy to use. */
  compiled: Policy<W> | undefined;
}

/** The policies that are in use, by name; follows the watch cache. Each generation is compiled once. */
export class PolicySource<P extends AnyPolicy, B extends AnyBinding, W> {
  readonly #options: PolicySourceOptions<P, B, W>;
  readonly #policies = new Map<string, Entry<P, W>>();
  readonly #bindings = new Map<string, Binding<B>>();
  #active: readonly ActivePolicy<W, B>[] | undefined;

  constructor(options: PolicySourceOptions<P, B, W>) {
    this.#options = options;
    const { cache, policies, bindings } = options;
    cache.onChange(policies, ({ before, after }) => {
      if (after) this.#put(after);
      else if (before && this.#policies.delete(before.metadata.name)) this.#active = undefined;
    });
    cache.onChange(bindings, ({ before, after }) => {
      if (after) this.#bind(after);
      else if (before && this.#bindings.delete(before.metadata.name)) this.#active = undefined;
    });
    for (const policy of cache.list(policies)) this.#put(policy);
    for (const binding of cache.list(bindings)) this.#bind(binding);
  }

  get active(): readonly ActivePolicy<W, B>[] {
    this.#active ??= this.#findActive();
    return this.#active;
  }

  #put(object: P): void {
    const { name, uid, generation } = object.metadata;
    const known = this.#policies.get(name);
    if (known && known.uid === uid && known.generation === generation) return;
    this.#policies.set(name, { uid, generation, object, compiled: undefined });
    this.#active = undefined;
  }

  #bind({ metadata: { name }, spec }: B): void {
    const selector = spec.paramRef?.selector;
    const paramMatches = selector && compileSelector(selector);
    this.#bindings.set(name, { name, criteria: compileCriteria(spec.matchResources), spec, paramMatches });
    this.#active = undefined;
  }

  #findActive(): readonly ActivePolicy<W, B>[] {
    const bound = Map.groupBy(
      [...this.#bindings.values()].toSorted(byName),
      ({ spec }) => spec.policyName ?? "",
    );
    return [...bound.keys()].toSorted(byBytes).flatMap((name) => {
      const entry = this.#policies.get(name);
      if (!entry) return [];
      entry.compiled ??= this.#compiled(entry.object);
      return [{ policy: entry.compiled, bindings: bound.get(name)! }];
    });
  }

  #compiled(object: P): Policy<W> {
    const { paramKind, matchConstraints, matchConditions, variables = [], failurePolicy } = object.spec;
    const { changes, compile } = this.#options;
    const compiler = new PolicyCompiler({ params: paramKind !== undefined, changes });
    const conditions = compileConditions(matchConditions, (text) => compiler.condition(text));
    for (const { name, expression } of variables) compiler.variable(name, expression);
    return {
      name: object.metadata.name,
      criteria: compileCriteria(matchConstraints),
      failsOpen: failurePolicy === "Ignore",
      paramKind,
      conditions,
      variables: compiler.variables,
      work: compile(object, compiler),
    };
  }
}

const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  byBytes(a.name, b.name);
