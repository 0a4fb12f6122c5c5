/**
 * How one place of an object is merged and owned: a leaf is one value, an object is owned member by member, a set
 * value by value, a keyed list item by item, and what is ignored belongs to nobody.
 */
export type MergeNode = Leaf | ObjectNode | ItemsNode | { readonly kind: "ignored" };

/** One value. `of`: which ones fit; lists and objects that are owned as a whole say what may be inside, too. */
export type Leaf =
  | { readonly kind: "leaf"; readonly of: "text" | "number" | "flag" | "any" }
  | { readonly kind: "leaf"; readonly of: "list"; readonly item: MergeNode }
  | { readonly kind: "leaf"; readonly of: "members"; readonly inside: ObjectNode };

export interface ObjectNode {
  readonly kind: "object";
  member(key: string): MergeNode;
  /** Is it a field of a struct, and not an entry of a map? */
  isNamed(key: string): boolean;
  /** May an object have it at all? */
  allows(key: string): boolean;
  /** No schema says what is here: any value will do, and objects are told from the rest by themselves. */
  readonly isFree: boolean;
}

/** A list whose items are told apart: by some of their fields, or by all that they are. */
export type ItemsNode = KeyedNode | SetNode;

export interface SetNode {
  readonly kind: "set";
  readonly item: MergeNode;
}

export interface KeyedNode {
  readonly kind: "keyed";
  readonly keys: readonly KeyField[];
  readonly item: MergeNode;
}

/** A field that identifies an item, with the value that an absent one stands for. */
export interface KeyField {
  readonly name: string;
  readonly default: unknown;
}

export const TEXT: Leaf = { kind: "leaf", of: "text" };
export const NUMBER: Leaf = { kind: "leaf", of: "number" };
export const FLAG: Leaf = { kind: "leaf", of: "flag" };
export const ANY: Leaf = { kind: "leaf", of: "any" };

/** An object that is owned as one value. */
export const asOne = (inside: ObjectNode): Leaf => ({ kind: "leaf", of: "members", inside });

/** An object whose members have any name, and one kind of value. */
export const mapNode = (value: MergeNode): ObjectNode => ({
  kind: "object",
  isFree: false,
  isNamed: () => false,
  allows: () => true,
  member: () => value,
});
