/** How derived functions look at a schema: inlined members in place, lazy structs resolved. */
import type { FieldFacts, Resource, Struct, Type } from "../schema.ts";

/** A struct, or a kind that stands for its schema. */
export type SchemaLike = Struct | Pick<Resource, "schema">;

/** A type once nothing about it is late. */
export type Resolved = Exclude<Type, { readonly kind: "lazy" }>;

/** One member of the JSON object. */
export interface Member {
  readonly name: string;
  readonly facts: FieldFacts;
  readonly type: Resolved;
}

export const schemaOf = (of: SchemaLike): Struct => ("schema" in of ? of.schema : of);

/** A kind may stand where a struct is meant. */
export function resolve(type: Type | Pick<Resource, "schema">): Resolved {
  if ("schema" in type) return type.schema;
  return type.kind === "lazy" ? resolve(type.struct()) : type;
}

const members = new WeakMap<Struct, readonly Member[]>();

/** What stands in the JSON object, in order: own fields and those of inlined structs, without hidden ones. */
export function membersOf(struct: Struct): readonly Member[] {
  let known = members.get(struct);
  if (!known) {
    known = Object.entries(struct.fields).flatMap(([name, facts]) => {
      const type = resolve(facts.type);
      if (facts.hidden) return [];
      return facts.inline && type.kind === "struct" ? membersOf(type) : [{ name, facts, type }];
    });
    members.set(struct, known);
  }
  return known;
}

/** Of the fields that tell the kind: they are in the envelope of protobuf, not in the message. */
export const isTypeMeta = ({ name, facts }: Pick<Member, "name" | "facts">): boolean =>
  facts.tag === 0 && (name === "kind" || name === "apiVersion");

/** `v1.PodSpec` of `core.v1.PodSpec`: how Go names it. */
export const goNameOf = ({ name }: Struct): string => name.split(".").slice(-2).join(".");

/** `PodSpec` of `core.v1.PodSpec`. */
export const shortNameOf = ({ name }: Struct): string => name.slice(name.lastIndexOf(".") + 1);

/** Sets an own property, also where its name is `__proto__`. */
export function put(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else object[key] = value;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
