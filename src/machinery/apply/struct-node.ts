import type { FieldFacts, ScalarName, Struct, Type } from "#machinery/schema";
import { customNode } from "./custom-node.ts";
import {
  ANY,
  asOne,
  FLAG,
  type Leaf,
  mapNode,
  type MergeNode,
  NUMBER,
  type ObjectNode,
  TEXT,
} from "./merge-node.ts";

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

const NOTHING: ObjectNode = { ...mapNode(ANY), allows: () => false };

function keyedNode(item: Type, keys: readonly string[]): MergeNode {
  const struct = resolved(item);
  if (struct.kind !== "struct") return { kind: "set", item: typeNode(item) };
  const fields = factsOf(struct);
  // Sorted, since the text of a key names its fields in order.
  const keyFields = keys.toSorted().map((name) => ({ name, default: fields.get(name)?.default }));
  return { kind: "keyed", keys: keyFields, item: typeNode(struct) };
}
