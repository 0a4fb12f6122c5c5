import type { FieldFacts, JsonSchema, Struct, Type } from "#machinery/schema";
import { itemsOf, memberOf } from "../structural/place.ts";

/**
 * How one place of an object is merged and owned: a leaf is one value, an object is owned member by member, a set
 * value by value, a keyed list item by item, and what is ignored belongs to nobody.
 */
export type MergeNode =
  | { readonly kind: "leaf" | "set" | "ignored" }
  | { readonly kind: "object"; member(key: string): MergeNode }
  | { readonly kind: "keyed"; readonly keys: readonly KeyField[]; readonly item: MergeNode };

/** A field that identifies an item, with the value that an absent one stands for. */
export interface KeyField {
  readonly name: string;
  readonly default: unknown;
}

const LEAF: MergeNode = { kind: "leaf" };
const SET: MergeNode = { kind: "set" };
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

const roots = new WeakMap<Struct, MergeNode>();
const structs = new WeakMap<Struct, MergeNode>();

/** The tree of a kind, made once. `schema` is the kind's own struct, with `metadata`. */
export function rootNode(schema: Struct): MergeNode {
  const known = roots.get(schema);
  if (known) return known;
  const plain = structNode(schema);
  const root = hiding(plain, UNOWNED, (key, node) =>
    key === "metadata" ? hiding(node, UNOWNED_METADATA) : node,
  );
  roots.set(schema, root);
  return root;
}

function hiding(
  node: MergeNode,
  hidden: ReadonlySet<string>,
  inside: (key: string, node: MergeNode) => MergeNode = (_key, member) => member,
): MergeNode {
  if (node.kind !== "object") return node;
  const members = new Map<string, MergeNode>();
  return {
    kind: "object",
    member(key) {
      if (hidden.has(key)) return IGNORED;
      let member = members.get(key);
      if (!member) members.set(key, (member = inside(key, node.member(key))));
      return member;
    },
  };
}

function structNode(struct: Struct): MergeNode {
  const known = structs.get(struct);
  if (known) return known;
  const members = new Map<string, MergeNode>();
  const facts = factsOf(struct);
  const custom = struct.rules.structural && customNode(struct.rules.structural);
  const node: MergeNode =
    struct.rules.atomic || struct.rules.json !== undefined
      ? LEAF
      : {
          kind: "object",
          member(key) {
            let member = members.get(key);
            if (!member) {
              const field = facts.get(key);
              if (custom?.kind === "object" && key !== "metadata") member = custom.member(key);
              // Members that only a client knows are owned as one value each.
              else member = field ? fieldNode(field) : LEAF;
              if (field) members.set(key, member);
            }
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
      return LEAF;
    case "list":
      if (merge.list === "set") return SET;
      return merge.list === "map" ? keyedNode(type.item, merge.keys ?? []) : LEAF;
    case "map":
      if (merge.map === "atomic") return LEAF;
      return mapNode(typeNode(type.value));
    default:
      return merge.struct === "atomic" ? LEAF : typeNode(type);
  }
}

function typeNode(type: Type): MergeNode {
  const target = resolved(type);
  if (target.kind === "struct") return structNode(target);
  return target.kind === "map" ? mapNode(typeNode(target.value)) : LEAF;
}

const mapNode = (value: MergeNode): MergeNode => ({ kind: "object", member: () => value });

function keyedNode(item: Type, keys: readonly string[]): MergeNode {
  const struct = resolved(item);
  if (struct.kind !== "struct") return SET;
  const fields = factsOf(struct);
  // Sorted, since the text of a key names its fields in order.
  const keyFields = keys.toSorted().map((name) => ({ name, default: fields.get(name)?.default }));
  return { kind: "keyed", keys: keyFields, item: structNode(struct) };
}

/** Where no schema says more: objects are owned member by member, lists as a whole. */
const DEDUCED: MergeNode = { kind: "object", member: () => DEDUCED };

const customs = new WeakMap<JsonSchema, MergeNode>();

/** The tree of a custom kind's schema, made as far as it is walked. */
function customNode(schema: JsonSchema): MergeNode {
  let node = customs.get(schema);
  if (!node) customs.set(schema, (node = makeCustomNode(schema)));
  return node;
}

function makeCustomNode(schema: JsonSchema): MergeNode {
  const items = itemsOf(schema);
  if (schema.type === "array" || items) {
    const listType = schema["x-kubernetes-list-type"];
    if (listType === "set") return SET;
    if (listType !== "map" || !items) return LEAF;
    const keys = (schema["x-kubernetes-list-map-keys"] ?? [])
      .toSorted()
      .map((name) => ({ name, default: items.properties?.[name]?.default }));
    return { kind: "keyed", keys, item: customNode(items) };
  }
  if (schema["x-kubernetes-map-type"] === "atomic") return LEAF;
  const holdsMembers = schema.type === "object" || schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (!holdsMembers) return LEAF;
  return {
    kind: "object",
    member(key) {
      const member = memberOf(schema, key);
      return member ? customNode(member) : DEDUCED;
    },
  };
}
