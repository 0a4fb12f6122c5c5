/** The schema language: one definition per struct, from which everything about it is derived. */
export {
  bigint64,
  bool,
  bytes,
  double,
  duration,
  Field,
  inline,
  int32,
  int64,
  intOrString,
  json,
  lazy,
  list,
  listOf,
  map,
  microTime,
  quantity,
  rawBytes,
  ref,
  string,
  type StructOf,
  time,
  uint32,
  uint64,
  value,
  wrappedList,
} from "./schema/field.ts";
export type { JsonSchema, SchemaRule } from "./schema/json-schema.ts";
export * from "./schema/problem.ts";
export * from "./schema/resource.ts";
export { type Of, type ShapeOfFields, struct, type Wire } from "./schema/struct.ts";
export type { FieldFacts, FieldProblem, MergeFacts, ScalarName, Struct, Type } from "./schema/types.ts";
