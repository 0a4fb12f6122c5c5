import type { Field, Presence, StructOf } from "./field.ts";
import type { FieldProblem, Struct, StructRules } from "./types.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- any field will do
export type Fields = Readonly<Record<string, Field<any, any>>>;

type KeysOf<F, P extends Presence> = {
  [K in keyof F]: F[K] extends Field<unknown, infer Q> ? (Q extends P ? K : never) : never;
}[keyof F];

type ShapeIn<F> = F extends Field<infer T, Presence> ? T : never;

type Both<U> = (U extends unknown ? (part: U) => void : never) extends (whole: infer I) => void ? I : never;

type Inlined<F> = [KeysOf<F, "inline">] extends [never]
  ? unknown
  : Both<{ [K in KeysOf<F, "inline">]: ShapeIn<F[K]> }[KeysOf<F, "inline">]>;

type Flat<T> = { [K in keyof T]: T[K] };

/** The shape of an object with these fields, as stored. */
export type ShapeOfFields<F> = Flat<
  { readonly [K in KeysOf<F, "always">]: ShapeIn<F[K]> } & {
    readonly [K in KeysOf<F, "optional">]?: ShapeIn<F[K]>;
  } & Inlined<F>
>;

/** The type of what a struct or resource describes, as stored: required and defaulted fields are there. */
export type Of<S> = S extends StructOf<infer T> ? T : never;

/** What a client may send: any part of it. */
export type Wire<T> = T extends readonly (infer I)[]
  ? readonly Wire<I>[]
  : T extends object
    ? { readonly [K in keyof T]?: Wire<T[K]> }
    : T;

export interface StructOptions<T> extends Omit<StructRules, "validate"> {
  readonly doc?: string;
  /** Runs wherever the struct occurs, after the checks that its fields' own facts give. */
  validate?(value: T, path: string): Iterable<FieldProblem>;
}

/** Defines a struct. `name` is group, version and name: `apps.v1.ReplicaSetSpec`. */
export function struct<const F extends Fields>(
  name: string,
  fields: F,
  { doc = "", ...rules }: StructOptions<ShapeOfFields<F>> = {},
): StructOf<ShapeOfFields<F>> {
  const facts = Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.facts]));
  const made: Struct = { kind: "struct", name, doc, fields: facts, rules };
  return made as StructOf<ShapeOfFields<F>>;
}
