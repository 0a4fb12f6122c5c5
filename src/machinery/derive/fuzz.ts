/** Random objects of a schema, for tests that must hold for every kind. The same seed gives the same object. */
import type { Random } from "#base/random";
import { quantityOfMilli } from "../quantity.ts";
import type { FieldFacts, ScalarName } from "../schema.ts";
import { formatMicroTime, formatTime } from "../time.ts";
import { isTypeMeta, membersOf, put, type Resolved, resolve, type SchemaLike, schemaOf } from "./shape.ts";

/** Structs deeper than this stay empty. */
const DEPTH_MAX = 12;

/**
 * As a client could send it: any members, in any order, zero values among them. `fill` is the share of members
 * that are set. Kind and version are left out.
 */
export function fuzzObject(of: SchemaLike, random: Random, fill = 0.5): Record<string, unknown> {
  return fuzzValue(schemaOf(of), random, fill, 0) as Record<string, unknown>;
}

function fuzzValue(type: Resolved, random: Random, fill: number, depth: number): unknown {
  switch (type.kind) {
    case "scalar":
      return fuzzScalar(type.name, random);
    case "list":
      return Array.from({ length: random.below(3) }, () =>
        fuzzValue(resolve(type.item), random, fill, depth + 1),
      );
    case "map": {
      const map = {};
      for (let i = random.below(3); i > 0; i--) {
        put(map, pick(random, KEYS), fuzzValue(resolve(type.value), random, fill, depth + 1));
      }
      return map;
    }
    case "struct":
      return fuzzStruct(type, random, fill, depth);
  }
}

function fuzzStruct(
  type: Resolved & { kind: "struct" },
  random: Random,
  fill: number,
  depth: number,
): unknown {
  if (type.rules.json) return fuzzUnion(type, random, fill, depth);
  const made = {};
  if (depth > DEPTH_MAX) return made;
  for (const member of shuffled(membersOf(type), random)) {
    // Deep parts get fewer members, so that structs which hold themselves come to an end.
    if (isTypeMeta(member) || random.next() > fill / (1 + depth / 6)) continue;
    put(made, member.name, fuzzMember(member.facts, member.type, random, fill, depth));
  }
  return made;
}

function fuzzMember(facts: FieldFacts, type: Resolved, random: Random, fill: number, depth: number): unknown {
  if (facts.values && facts.values.length > 0 && type.kind === "scalar") return pick(random, facts.values);
  return fuzzValue(type, random, fill, depth + 1);
}

function fuzzUnion(
  type: Resolved & { kind: "struct" },
  random: Random,
  fill: number,
  depth: number,
): unknown {
  const schema = () => fuzzValue(resolve(type.fields.schema!.type), random, fill, depth + 1);
  if (random.next() < 0.5) return schema();
  switch (type.rules.json) {
    case "schemaOrBool":
      return random.next() < 0.5;
    case "schemaOrStringArray":
      return ["a", "b"];
    default:
      return [schema()];
  }
}

function fuzzScalar(name: ScalarName, random: Random): unknown {
  switch (name) {
    case "string":
      return pick(random, TEXTS);
    case "bool":
      return random.next() < 0.5;
    case "int32":
      return pick(random, [0, 1, -1, random.below(100), 2 ** 31 - 1, -(2 ** 31)]);
    case "uint32":
      return pick(random, [0, 1, random.below(100), 2 ** 32 - 1]);
    case "int64":
      return pick<number | bigint>(random, [
        0,
        1,
        -1,
        random.below(2 ** 40),
        -random.below(2 ** 40),
        2n ** 62n,
      ]);
    case "bigint64":
      return pick(random, [0n, -1n, 2n ** 62n]);
    case "uint64":
      return pick<number | bigint>(random, [0, 1, random.below(2 ** 40), 2n ** 64n - 1n]);
    case "double":
      return pick(random, [0, 1.5, -2.25, random.below(1000)]);
    case "bytes":
      return pick(random, ["", "AA==", "aGVsbG8=", "AAECAwQF"]);
    case "rawBytes":
      return random.bytes(random.below(4));
    case "quantity":
      return pick(random, ["0", "1Gi", "0.5", "1e3", quantityOfMilli(random.below(100_000))]);
    case "intOrString":
      return pick<number | string>(random, [0, random.below(100), "25%", "http"]);
    case "time":
      return formatTime(random.below(2 ** 31) * 1000);
    case "microTime":
      return formatMicroTime(random.below(2 ** 31) * 1000 + random.below(1_000_000) / 1000);
    case "duration":
      return pick(random, ["0s", "1h0m0s", "1.5s", "300ms"]);
    case "json":
      return pick<unknown>(random, [{}, { a: [1, null, { b: "c" }] }, "text", 5, [true]]);
  }
}

const TEXTS = ["", "a", "some text", "ünïcödé €", "line\nbreak", "x".repeat(200)];
const KEYS = ["a", "b", "example.com/key", "__proto__", "constructor", "10", "9"];

const pick = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)]!;

function shuffled<T>(all: readonly T[], random: Random): T[] {
  const made = [...all];
  for (let i = made.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [made[i], made[j]] = [made[j]!, made[i]!];
  }
  return made;
}
