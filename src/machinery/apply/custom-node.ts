import type { JsonSchema } from "#machinery/schema";
import {
  EMBEDDED_MEMBERS,
  isEmbedded,
  isIntOrString,
  itemsOf,
  keepsUnknown,
  valuesOf,
} from "../structural/place.ts";
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

/** Where no schema says more: objects are owned member by member, lists as a whole. */
const DEDUCED: ObjectNode = { ...mapNode(ANY), isFree: true, member: () => DEDUCED };

const customs = new WeakMap<JsonSchema, MergeNode>();

/** The tree of a custom kind's schema, made as far as it is walked. */
export function customNode(schema: JsonSchema): MergeNode {
  let node = customs.get(schema);
  if (!node) customs.set(schema, (node = makeCustomNode(schema)));
  return node;
}

function makeCustomNode(schema: JsonSchema): MergeNode {
  const items = itemsOf(schema);
  if (schema.type === "array" || items) return customList(schema, items);
  if (schema.type !== "object" && !keepsUnknown(schema)) return customScalar(schema);
  const node = customObject(schema);
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

function customObject(schema: JsonSchema): ObjectNode {
  const { properties = {} } = schema;
  // What every object has is of its own shape, whatever the schema says of it.
  const named = isEmbedded(schema) ? { ...properties, ...EMBEDDED_MEMBERS } : properties;
  const values = valuesOf(schema);
  const isOpen = keepsUnknown(schema);
  if (isOpen && Object.keys(named).length === 0 && values === undefined) return DEDUCED;
  const isNamed = (key: string) => Object.hasOwn(named, key);
  return {
    kind: "object",
    isFree: false,
    isNamed,
    allows: (key) => isOpen || values !== undefined || isNamed(key),
    member(key) {
      const member = isNamed(key) ? named[key] : values;
      return member === undefined || member === true ? DEDUCED : customNode(member);
    },
  };
}
