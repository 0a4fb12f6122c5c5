/**
 * What the protobuf forms of both versions of OpenAPI have in common: every object is a message, every map a list of
 * names and values, and what has any shape is YAML text.
 */
import { stringifyJson } from "../json.ts";
import { bool, double, int64, lazy, list, ref, string, struct, type Struct } from "../schema.ts";
import type { Json } from "./openapi-schema.ts";

// What is absent is told from what is zero.
export const text = (tag: number) => string(tag).pointer();
export const flag = (tag: number) => bool(tag).pointer();
export const number = (tag: number) => double(tag).pointer();
export const count = (tag: number) => int64(tag).pointer();
/** A message that is defined further below, or holds itself. */
export const late = (make: () => Struct) => lazy<unknown>(make);

/** A member of a map. */
export const named = (name: string, value: Struct) =>
  struct(name, {
    name: text(1),
    value: ref(
      2,
      late(() => value),
    ),
  });

/** A map whose message has nothing but its members. */
export const mapOf = (name: string, member: Struct) =>
  struct(name, {
    all: list(
      1,
      late(() => member),
    ),
  });

export const Any = struct("openapi.Any", { yaml: text(2) });
export const NamedAny = named("openapi.NamedAny", Any);

export const any = (value: unknown): object => ({ yaml: `${stringifyJson(value)}\n` });

/** Members of a map, each by what `make` makes of it. Other servers' documents may hold anything: what is no map is none. */
export const entries = (map: unknown, make: (value: Json) => object): object[] =>
  Object.entries(objectOf(map)).map(([name, value]) => ({ name, value: make(objectOf(value)) }));

/** The members whose names say that they are no part of OpenAPI itself. */
export const extensions = (of: Json): object[] =>
  Object.entries(of)
    .filter(([name]) => name.startsWith("x-"))
    .map(([name, value]) => ({ name, value: any(value) }));

export const objectOf = (node: unknown): Json =>
  typeof node === "object" && node !== null && !Array.isArray(node) ? (node as Json) : {};

export const listOf = (node: unknown): readonly unknown[] => (Array.isArray(node) ? node : []);

/** `{ [name]: make(value) }`, or nothing where there is no value. */
export const when = <T>(name: string, value: T | undefined, make: (value: T) => unknown): Json =>
  value === undefined ? {} : { [name]: make(value) };
