/** Calls that are no functions: they see their arguments as expressions. */
import type { FoldMacro, Node } from "./ast.ts";

/** A macro's node, what is wrong with its arguments, or undefined when the call is no macro. */
export type Expansion =
  | { readonly node: Node }
  | { readonly at: number; readonly problem: string }
  | undefined;

interface FoldForm {
  readonly macro: FoldMacro;
  readonly variables: 1 | 2;
  readonly filtered: boolean;
}

const FOLDS: ReadonlyMap<string, FoldForm> = new Map(
  (
    [
      ["all/2", "all", 1, false],
      ["exists/2", "exists", 1, false],
      ["exists_one/2", "existsOne", 1, false],
      ["existsOne/2", "existsOne", 1, false],
      ["map/2", "map", 1, false],
      ["map/3", "map", 1, true],
      ["filter/2", "filter", 1, false],
      ["all/3", "all", 2, false],
      ["exists/3", "exists", 2, false],
      ["exists_one/3", "existsOne", 2, false],
      ["existsOne/3", "existsOne", 2, false],
      ["transformList/3", "transformList", 2, false],
      ["transformList/4", "transformList", 2, true],
      ["transformMap/3", "transformMap", 2, false],
      ["transformMap/4", "transformMap", 2, true],
      ["transformMapEntry/3", "transformMapEntry", 2, false],
      ["transformMapEntry/4", "transformMapEntry", 2, true],
    ] as const
  ).map(([form, macro, variables, filtered]) => [form, { macro, variables, filtered }]),
);

/** Names that the expansion of macros uses itself. */
const ACCUMULATORS = new Set(["__result__", "@result"]);

/** `has(a.b)`. */
export function expandGlobal(name: string, at: number, args: readonly Node[]): Expansion {
  if (name !== "has" || args.length !== 1) return undefined;
  const [field] = args as readonly [Node];
  if (field.kind !== "select") return { at: field.at, problem: "invalid argument to has() macro" };
  return {
    node: { kind: "has", at, operand: field.operand, field: field.field, optional: field.optional },
  };
}

export function expandMember(name: string, at: number, target: Node, args: readonly Node[]): Expansion {
  if (name === "bind" && args.length === 3 && target.kind === "ident" && target.name === "cel") {
    const [variable, value, body] = args as readonly [Node, Node, Node];
    if (variable.kind !== "ident")
      return { at: variable.at, problem: "cel.bind() variable names must be simple identifiers" };
    return { node: { kind: "bind", at, name: variable.name, value, body } };
  }
  if ((name === "optMap" || name === "optFlatMap") && args.length === 2) {
    const [variable, body] = args as readonly [Node, Node];
    if (variable.kind !== "ident")
      return { at: variable.at, problem: `${name}() variable name must be a simple identifier` };
    return { node: { kind: name, at, target, name: variable.name, body } };
  }
  const form = FOLDS.get(`${name}/${args.length}`);
  return form && expandFold(name, form, at, target, args);
}

function expandFold(name: string, form: FoldForm, at: number, range: Node, args: readonly Node[]): Expansion {
  const variables: string[] = [];
  for (const variable of args.slice(0, form.variables)) {
    if (variable.kind !== "ident") {
      const named = name === "map" || name === "filter";
      const problem = named ? "argument is not an identifier" : "argument must be a simple name";
      return { at: variable.at, problem };
    }
    if (ACCUMULATORS.has(variable.name))
      return { at: variable.at, problem: "iteration variable overwrites accumulator variable" };
    if (variables.includes(variable.name))
      return { at: variable.at, problem: `duplicate variable name: ${variable.name}` };
    variables.push(variable.name);
  }
  const rest = args.slice(form.variables);
  const body = rest.at(-1)!;
  const filter = form.filtered ? rest[0] : undefined;
  return { node: { kind: "fold", macro: form.macro, at, range, variables, filter, body } };
}
