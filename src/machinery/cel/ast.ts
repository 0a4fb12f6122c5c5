/** Expressions as trees. Macros are nodes of their own, so that each can be checked, priced and compiled for what it is. */
import type { Overload } from "./function-table.ts";
import type { Type } from "./types.ts";
import type { Value } from "./values.ts";

interface Base {
  /** Offset in the text, in UTF-16 units. */
  readonly at: number;
  /** Set by the checker. */
  type?: Type;
}

export interface Literal extends Base {
  readonly kind: "literal";
  readonly value: Value;
}

/** A name, or what the checker found to be one: `a.b.c` may be the variable `a.b` and a field. */
export interface Ident extends Base {
  readonly kind: "ident";
  readonly name: string;
  /** The variable or constant it stands for; set by the checker. */
  reference?: Reference;
}

export interface Select extends Base {
  readonly kind: "select";
  readonly operand: Node;
  readonly field: string;
  readonly optional: boolean;
  reference?: Reference;
}

export interface Has extends Base {
  readonly kind: "has";
  readonly operand: Node;
  readonly field: string;
  readonly optional: boolean;
}

export interface Index extends Base {
  readonly kind: "index";
  readonly operand: Node;
  readonly index: Node;
  readonly optional: boolean;
}

export interface Call extends Base {
  readonly kind: "call";
  readonly name: string;
  readonly target: Node | undefined;
  readonly args: readonly Node[];
  /** What can be meant; set by the checker. */
  overloads?: readonly Overload[];
  /** Set by the checker when the target turned out to be part of the function's name. */
  qualified?: string;
}

/** `&&` and `||`, of any number of terms. */
export interface Logic extends Base {
  readonly kind: "and" | "or";
  readonly terms: readonly Node[];
  /** Where the operators stand. */
  readonly operators: readonly number[];
}

export interface Conditional extends Base {
  readonly kind: "conditional";
  readonly test: Node;
  readonly yes: Node;
  readonly no: Node;
}

export interface ListLiteral extends Base {
  readonly kind: "list";
  readonly items: readonly Node[];
  /** Positions of the items written `?x`. */
  readonly optional: ReadonlySet<number>;
}

export interface Entry {
  readonly at: number;
  readonly key: Node;
  readonly value: Node;
  readonly optional: boolean;
}

export interface MapLiteral extends Base {
  readonly kind: "map";
  readonly entries: readonly Entry[];
}

export interface FieldEntry {
  readonly at: number;
  readonly name: string;
  readonly value: Node;
  readonly optional: boolean;
}

/** `Type{field: value}`. */
export interface ObjectLiteral extends Base {
  readonly kind: "object";
  readonly name: string;
  readonly fields: readonly FieldEntry[];
  /** Set by the checker. */
  made?: string;
}

export type FoldMacro =
  | "all"
  | "exists"
  | "existsOne"
  | "map"
  | "filter"
  | "transformList"
  | "transformMap"
  | "transformMapEntry";

/** A macro over a range: `range.all(x, body)`. */
export interface Fold extends Base {
  /** The variables it brings; set by the checker. */
  locals?: readonly Local[];
  readonly kind: "fold";
  readonly macro: FoldMacro;
  readonly range: Node;
  readonly variables: readonly string[];
  readonly filter: Node | undefined;
  readonly body: Node;
}

/** `cel.bind(name, value, body)`. */
export interface Bind extends Base {
  /** The variables it brings; set by the checker. */
  locals?: readonly Local[];
  readonly kind: "bind";
  readonly name: string;
  readonly value: Node;
  readonly body: Node;
}

/** `optional.optMap(name, body)` and `optFlatMap`. */
export interface OptionalMap extends Base {
  /** The variables it brings; set by the checker. */
  locals?: readonly Local[];
  readonly kind: "optMap" | "optFlatMap";
  readonly target: Node;
  readonly name: string;
  readonly body: Node;
}

export type Node =
  | Literal
  | Ident
  | Select
  | Has
  | Index
  | Call
  | Logic
  | Conditional
  | ListLiteral
  | MapLiteral
  | ObjectLiteral
  | Fold
  | Bind
  | OptionalMap;

/** What a name stands for. */
export type Reference =
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "local"; readonly slot: Local }
  | { readonly kind: "constant"; readonly value: Value };

/** A variable of a macro. Its identity is what counts: names may be shadowed. */
export interface Local {
  readonly name: string;
  readonly type: Type;
}
