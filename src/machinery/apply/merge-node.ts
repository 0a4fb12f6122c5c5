import type { FieldFacts, JsonSchema, ScalarName, Struct, Type } from "#machinery/schema";
import { EMBEDDED_MEMBERS, isEmbedded, isIntOrString, itemsOf, valuesOf } from "../structural/place.ts";

/**
 * How one place of an object is merged and owned: a leaf is one value, an object is owned member by member, a set
 * value by value, a keyed list item by item, and what is ignored belongs to nobody.
 */
export type MergeNode =
  | Leaf
  | ObjectNode
  | KeyedNode
  | { readonly kind: "set"; readonly item: MergeNode }
  | { readonly kind: "ignored" };

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

const TEXT: Leaf = { kind: "leaf", of: "text" };
const NUMBER: Leaf = { kind: "leaf", of: "number" };
const FLAG: Leaf = { kind: "leaf", of: "flag" };
const ANY: Leaf = { kind: "leaf", of: "any" };
const IGNORED: MergeNode = { kind: "ignored" };

/** What the server keeps itself, and nobody owns. */
const UNOWNED = new Set(["apiVersion", "kind"]);
const UNOWNED_METADATA = new Set([
  "name",
  "namespace",
  "creationTimestamp",
  "selfLink",
  "uid",
  "clusterName",
  "generation",
  "managedFields",
  "resourceVersion",
]);

const roots = new WeakMap<Struct, ObjectNode>();
const structs = new WeakMap<Struct, ObjectNode>();

/** The tree of a kind, made once. `schema` is the kind's own struct, with `metadata`. */
export function rootNode(schema: Struct): ObjectNode {
  const known = roots.get(schema);
  if (known) return known;
  const root = hiding(structNode(schema), UNOWNED, (key, node) =>
    key === "metadata" && node.kind === "object" ? hiding(node, UNOWNED_METADATA) : node,
  );
  roots.set(schema, root);
  return root;
}

/** The tree of a kind with all that it has, also what nobody owns. */
export const wholeNode = (schema: Struct): ObjectNode => structNode(schema);

function hiding(
  node: ObjectNode,
  hidden: ReadonlySet<string>,
  inside: (key: string, node: MergeNode) => MergeNode = (_key, member) => member,
): ObjectNode {
  const members = new Map<string, MergeNode>();
  return {
    ...node,
    member(key) {
      if (hidden.has(key)) return IGNORED;
      let member = members.get(key);
      if (!member) {
        member = inside(key, node.member(key));
        if (node.isNamed(key)) members.set(key, member);
      }
      return member;
    },
  };
}

function structNode(struct: Struct): ObjectNode {
  const known = structs.get(struct);
  if (known) return known;
  const members = new Map<string, MergeNode>();
  const facts = factsOf(struct);
  const custom = struct.rules.structural && customNode(struct.rules.structural);
  const free = custom?.kind === "object" ? custom : undefined;
  const isOwn = (key: string) => facts.has(key) && (!free || key === "metadata" || UNOWNED.has(key));
  const node: ObjectNode = {
    kind: "object",
    isFree: false,
    isNamed: (key) => isOwn(key) || (free ?? NOTHING).isNamed(key),
    allows: (key) => isOwn(key) || (free ?? NOTHING).allows(key) || struct.rules.preserveUnknown === true,
    member(key) {
      let member = members.get(key);
      if (member) return member;
      const field = isOwn(key) ? facts.get(key) : undefined;
      // Members that only a client knows are owned as one value each.
      member = field ? fieldNode(field) : (free?.member(key) ?? ANY);
      if (field) members.set(key, member);
      return member;
    },
  };
  structs.set(struct, node);
  return node;
}

/** The fields by their place in JSON: inlined ones stand beside their parent's. */
function factsOf(struct: Struct): Map<string, FieldFacts> {
  const found = new Map<string, FieldFacts>();
  for (const [key, facts] of Object.entries(struct.fields)) {
    if (!facts.inline) found.set(key, facts);
    else
      for (const [inner, innerFacts] of factsOf(resolved(facts.type) as Struct)) found.set(inner, innerFacts);
  }
  return found;
}

const resolved = (type: Type): Type => (type.kind === "lazy" ? type.struct() : type);

function fieldNode({ type, merge }: FieldFacts): MergeNode {
  switch (type.kind) {
    case "scalar":
      return scalarNode(type.name);
    case "list":
      if (merge.list === "set") return { kind: "set", item: typeNode(type.item) };
      return merge.list === "map" ? keyedNode(type.item, merge.keys ?? []) : typeNode(type);
    case "map": {
      const map = mapNode(typeNode(type.value));
      return merge.map === "atomic" ? asOne(map) : map;
    }
    default: {
      const node = typeNode(type);
      return merge.struct === "atomic" && node.kind === "object" ? asOne(node) : node;
    }
  }
}

const asOne = (inside: ObjectNode): Leaf => ({ kind: "leaf", of: "members", inside });

function typeNode(type: Type): MergeNode {
  const target = resolved(type);
  switch (target.kind) {
    case "scalar":
      return scalarNode(target.name);
    case "list":
      return { kind: "leaf", of: "list", item: typeNode(target.item) };
    case "map":
      return mapNode(typeNode(target.value));
    default: {
      const { rules } = target as Struct;
      if (rules.json !== undefined) return ANY;
      const node = structNode(target as Struct);
      return rules.atomic ? asOne(node) : node;
    }
  }
}

/** Moments are none: any value is taken for one, until it is read. */
const TEXTS: ReadonlySet<ScalarName> = new Set(["string", "bytes", "duration"]);
const NUMBERS: ReadonlySet<ScalarName> = new Set(["int32", "int64", "uint32", "uint64", "double"]);

function scalarNode(name: ScalarName): Leaf {
  if (TEXTS.has(name)) return TEXT;
  if (NUMBERS.has(name)) return NUMBER;
  return name === "bool" ? FLAG : ANY;
}

const mapNode = (value: MergeNode): ObjectNode => ({
  kind: "object",
  isFree: false,
  isNamed: () => false,
  allows: () => true,
  member: () => value,
});

const NOTHING: ObjectNode = { ...mapNode(ANY), allows: () => false };

function keyedNode(item: Type, keys: readonly string[]): MergeNode {
  const struct = resolved(item);
  if (struct.kind !== "struct") return { kind: "set", item: typeNode(item) };
  const fields = factsOf(struct);
  // Sorted, since the text of a key names its fields in order.
  const keyFields = keys.toSorted().map((name) => ({ name, default: fields.get(name)?.default }));
  return { kind: "keyed", keys: keyFields, item: typeNode(struct) };
}

/** Where no schema says more: objects are owned member by member, lists as a whole. */
const DEDUCED: ObjectNode = { ...mapNode(ANY), isFree: true, member: () => DEDUCED };

const customs = new WeakMap<JsonSchema, MergeNode>();

/** The tree of a custom kind's schema, made as far as it is walked. */
function customNode(schema: JsonSchema): MergeNode {
  let node = customs.get(schema);
  if (!node) customs.set(schema, (node = makeCustomNode(schema)));
  return node;
}

function makeCustomNode(schema: JsonSchema): MergeNode {
  const items = itemsOf(schema);
  if (schema.type === "array" || items) return customList(schema, items);
  const keepsUnknown = schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (schema.type !== "object" && !keepsUnknown) return customScalar(schema);
  const node = customObject(schema, keepsUnknown);
  return schema["x-kubernetes-map-type"] === "atomic" ? asOne(node) : node;
}

function customList(schema: JsonSchema, items: JsonSchema | undefined): MergeNode {
  const item = items ? customNode(items) : ANY;
  const listType = schema["x-kubernetes-list-type"];
  if (listType === "set") return { kind: "set", item };
  if (listType !== "map" || !items) return { kind: "leaf", of: "list", item };
  const keys = (schema["x-kubernetes-list-map-keys"] ?? [])
    .toSorted()
    .map((name) => ({ name, default: items.properties?.[name]?.default }));
  return { kind: "keyed", keys, item };
}

function customScalar(schema: JsonSchema): Leaf {
  if (isIntOrString(schema) || schema.format === "date-time") return ANY;
  if (schema.type === "string") return TEXT;
  if (schema.type === "boolean") return FLAG;
  return schema.type === "integer" || schema.type === "number" ? NUMBER : ANY;
}

function customObject(schema: JsonSchema, keepsUnknown: boolean): ObjectNode {
  const { properties = {} } = schema;
  const named = isEmbedded(schema) ? { ...EMBEDDED_MEMBERS, ...properties } : properties;
  const values = valuesOf(schema);
  const isAnything = keepsUnknown && Object.keys(named).length === 0 && values === undefined;
  if (isAnything) return DEDUCED;
  const isNamed = (key: string) => Object.hasOwn(named, key);
  return {
    kind: "object",
    isFree: false,
    isNamed,
    allows: (key) => keepsUnknown || values !== undefined || isNamed(key),
    member(key) {
      const member = isNamed(key) ? named[key] : values;
      return member === undefined || member === true ? DEDUCED : customNode(member);
    },
  };
}
