import type { NameFormat } from "../names.ts";
import type { FieldFacts, MergeFacts, Scalar, ScalarName, ScalarShapes, Struct, Type } from "./types.ts";

/**
 * How a field stands in the object as stored:
 * `optional` may be absent, `always` is there, `inline` gives its members to the parent, `hidden` is not in JSON.
 */
export type Presence = "optional" | "always" | "inline" | "hidden";

declare const shape: unique symbol;
declare const presence: unique symbol;

/** One field of a struct under construction. Every method gives a new field. */
export class Field<T, P extends Presence = "optional"> {
  declare readonly [shape]: T;
  declare readonly [presence]: P;
  readonly facts: FieldFacts;

  constructor(facts: FieldFacts) {
    this.facts = facts;
  }

  /** Clients must send it, and JSON always shows it. Zero and empty are fine, unless it is `notEmpty` as well. */
  required(): Field<T, "always"> {
    return this.#with({ required: true, omit: "never" });
  }

  /** Optional for clients, yet JSON always shows it, with its zero value where nothing was said. */
  always(): Field<T, "always"> {
    return this.#with({ omit: "never" });
  }

  /** Left out of JSON when empty, also where `required` says that clients must send it. */
  omitEmpty(): Field<T, "optional"> {
    return this.#with({ omit: "empty" });
  }

  /** A struct that is left out of JSON when all of it is zero. */
  omitZero(): Field<T, "optional"> {
    return this.#with({ omit: "zero" });
  }

  /** Absent and zero are different things. */
  pointer(): Field<T, P> {
    return this.#with({ pointer: true });
  }

  /** Null may be sent, and means absent. */
  nullable(): Field<T, P> {
    return this.#with({ nullable: true });
  }

  /** Nobody needs to set it, and JSON shows null where it is unset: Go's zero times, and pointers without `omitempty`. */
  orNull(): Field<T | null, "optional"> {
    return this.#with({ omit: "never", nullable: true });
  }

  /** What the server puts where the client said nothing. */
  default(value: T): Field<T, "always"> {
    return this.#with({ default: value });
  }

  /** The server itself fills it in: every stored object has it. */
  assigned(): Field<T, "always"> {
    return this.#with({});
  }

  /** Validation answers `Required value` when it is missing, null, or an empty text, list or map. */
  notEmpty(): Field<T, P> {
    return this.#with({ notEmpty: true });
  }

  /** The only values there are. */
  oneOf<const V extends readonly (T & string)[]>(...values: V): Field<V[number], P> {
    return this.#with({ values });
  }

  min(min: number): Field<T, P> {
    return this.#with({ min });
  }

  max(max: number): Field<T, P> {
    return this.#with({ max });
  }

  maxLength(maxLength: number): Field<T, P> {
    return this.#with({ maxLength });
  }

  maxItems(maxItems: number): Field<T, P> {
    return this.#with({ maxItems });
  }

  /** A named format, as in `machinery/names`. */
  format(format: NameFormat): Field<T, P> {
    return this.#with({ format });
  }

  /** Once set, an update may not change it. */
  immutable(): Field<T, P> {
    return this.#with({ immutable: true });
  }

  /** Dropped on write while all of these feature gates are off. */
  gate(...gates: string[]): Field<T, P> {
    return this.#with({ gates });
  }

  /** Refused while this feature gate is off. */
  gateValues(gate: string, ...values: readonly (T & string)[]): Field<T, P> {
    const added = Object.fromEntries(values.map((value) => [value, gate]));
    return this.#with({ gatedValues: { ...this.facts.gatedValues, ...added } });
  }

  /** One line of ours about what it means; shown by `kubectl explain`. */
  doc(doc: string): Field<T, P> {
    return this.#with({ doc });
  }

  /** A list of structs that apply and strategic merge patch merge by these keys. */
  mergedBy(...keys: string[]): Field<T, P> {
    return this.#merge({ list: "map", keys, patch: ["merge"], patchKey: keys[0]! });
  }

  /** A list of structs that apply merges by these keys; patches replace it unless `patch` says otherwise. */
  keyedBy(...keys: string[]): Field<T, P> {
    return this.#merge({ list: "map", keys });
  }

  /** A list of distinct scalars; apply and strategic merge patch add to it. */
  mergedSet(): Field<T, P> {
    return this.#merge({ list: "set", patch: ["merge"] });
  }

  /** A list of distinct scalars for apply; patches replace it. */
  set(): Field<T, P> {
    return this.#merge({ list: "set" });
  }

  /** Replaced as a whole by apply. */
  atomic(): Field<T, P> {
    const { kind } = this.facts.type;
    if (kind === "list") return this.#merge({ list: "atomic" });
    return this.#merge(kind === "map" ? { map: "atomic" } : { struct: "atomic" });
  }

  /** Merged member by member, although its struct is atomic elsewhere. */
  granular(): Field<T, P> {
    return this.#merge(this.facts.type.kind === "map" ? { map: "granular" } : { struct: "granular" });
  }

  /** How strategic merge patch treats it, where that does not follow from `mergedBy` and `mergedSet`. */
  patch(strategy: NonNullable<MergeFacts["patch"]>[number], key?: string): Field<T, P> {
    const patch = [...(this.facts.merge.patch ?? []).filter((other) => other !== strategy), strategy];
    return this.#merge({ patch, ...(key === undefined ? {} : { patchKey: key }) });
  }

  /** The member that a union's discriminator chooses with this value; `"d"` marks the discriminator. */
  union(value: string): Field<T, P> {
    return this.#with({ union: value });
  }

  /** In protobuf only. */
  hidden(): Field<T, "hidden"> {
    return this.#with({ hidden: true });
  }

  #with<Q extends Presence, U = T>(change: Partial<FieldFacts>): Field<U, Q> {
    return new Field<U, Q>({ ...this.facts, ...change });
  }

  #merge(change: MergeFacts): Field<T, P> {
    return this.#with({ merge: { ...this.facts.merge, ...change } });
  }
}

const PLAIN = {
  doc: "",
  required: false,
  pointer: false,
  omit: "empty",
  inline: false,
  nullable: false,
  hidden: false,
  immutable: false,
  gates: [],
  merge: {},
} as const;

/** Makes a field with this tag; as `list(2, string)` and `map(3, quantity)` it names the type of the items. */
export interface ScalarBuilder<N extends ScalarName> {
  (tag: number): Field<ScalarShapes[N]>;
  readonly type: Scalar<N>;
}

function scalar<N extends ScalarName>(name: N): ScalarBuilder<N> {
  const type: Scalar<N> = { kind: "scalar", name };
  const build = (tag: number) => new Field<ScalarShapes[N]>({ ...PLAIN, tag, type });
  return Object.assign(build, { type });
}

export const string = scalar("string");
export const bool = scalar("bool");
export const int32 = scalar("int32");
export const int64 = scalar("int64");
export const uint32 = scalar("uint32");
export const uint64 = scalar("uint64");
export const bigint64 = scalar("bigint64");
export const double = scalar("double");
export const bytes = scalar("bytes");
export const rawBytes = scalar("rawBytes");
export const quantity = scalar("quantity");
export const intOrString = scalar("intOrString");
export const time = scalar("time");
export const microTime = scalar("microTime");
export const duration = scalar("duration");
export const json = scalar("json");

/** A struct whose shape is known to TypeScript. */
export interface StructOf<T> extends Struct {
  readonly [shape]: T;
}

/** What may stand in a list or as a map's value. */
export type Element =
  | ScalarBuilder<ScalarName>
  | StructOf<unknown>
  | ListElement<unknown>
  | LazyElement<unknown>;

/** A list inside a list or a map; in protobuf it is a message with the items in field 1. */
export interface ListElement<T> {
  readonly type: Type & { readonly kind: "list" };
  readonly [shape]: T;
}

export interface LazyElement<T> {
  readonly type: Type & { readonly kind: "lazy" };
  readonly [shape]: T;
}

export type ShapeOf<E> =
  E extends ScalarBuilder<infer N> ? ScalarShapes[N] : E extends { readonly [shape]: infer T } ? T : never;

/** A kind stands for its schema: `list(2, Pod)`. */
function typeOf(element: Element): Type {
  if ("schema" in element) return element.schema as Struct;
  return "kind" in element ? element : element.type;
}

/** `listOf(string)` as the element of a map or list. */
export const listOf = <E extends Element>(item: E): ListElement<readonly ShapeOf<E>[]> =>
  ({ type: { kind: "list", item: typeOf(item) } }) as ListElement<readonly ShapeOf<E>[]>;

/** A struct that holds itself; the type is said, since it cannot be inferred. Write `lazy<X>((): Struct => X)`. */
export const lazy = <T>(struct: () => Struct): LazyElement<T> =>
  ({ type: { kind: "lazy", struct } }) as LazyElement<T>;

export const list = <const E extends Element>(tag: number, item: E): Field<readonly ShapeOf<E>[]> =>
  new Field({ ...PLAIN, tag, type: { kind: "list", item: typeOf(item) } });

/** A list that protobuf puts into a message of its own, in field 1. */
export const wrappedList = <const E extends Element>(tag: number, item: E): Field<readonly ShapeOf<E>[]> =>
  new Field({ ...PLAIN, tag, type: { kind: "list", item: typeOf(item), wrapped: true } });

export const map = <const E extends Element>(
  tag: number,
  value: E,
): Field<Readonly<Record<string, ShapeOf<E>>>> =>
  new Field({ ...PLAIN, tag, type: { kind: "map", value: typeOf(value) } });

/** A struct behind a pointer: absent, unless somebody set it. */
export const ref = <T>(tag: number, target: StructOf<T> | LazyElement<T>): Field<T> =>
  new Field({ ...PLAIN, tag, type: typeOf(target), pointer: true });

/** A struct that is part of its parent: always there, if only as `{}`. */
export const value = <T>(tag: number, target: StructOf<T>): Field<T, "always"> =>
  new Field({ ...PLAIN, tag, type: target, omit: "never" });

/** A struct whose members stand in the parent's JSON object. The field's own name is its protobuf name. */
export const inline = <T>(tag: number, target: StructOf<T>): Field<T, "inline"> =>
  new Field({ ...PLAIN, tag, type: target, inline: true });
