/** Values, names and JSON of which programs have been wrong. */
import type { Random } from "#base/random";
import { chance, pick } from "./choices.ts";

/** In paths, names and parameters. */
export const ODD_TEXTS = [
  "",
  " ",
  ".",
  "..",
  "../../etc/passwd",
  "%2e%2e",
  "%2F",
  "a%2Fb",
  "%00",
  "%",
  "%zz",
  "%c3%28",
  "%ed%a0%80",
  "\u00fc",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "-",
  "A",
  "a".repeat(300),
  "0",
  "-1",
  "1e400",
  "9007199254740993",
  "99999999999999999999",
  "null",
  "true",
  "kept",
  "map",
  "pod",
  "kept%2Fsecret",
  "a:b",
  "https:pod:80",
  "*",
];

export const ODD_JSON = [
  "",
  "null",
  "[]",
  "{}",
  "0",
  "true",
  '"',
  "{",
  "[",
  '{"a":',
  '{"kind":1}',
  '{"kind":"Pod"',
  "{}{}",
  "{} x",
  "\u0000",
  "\ufeff{}",
  '{"apiVersion":"v1","apiVersion":"v2","kind":"ConfigMap"}',
  '{"__proto__":{"polluted":1}}',
  '{"metadata":{"__proto__":{"polluted":true},"name":"a"}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"metadata":{"name":"\\ud800"}}',
  '{"metadata":{"labels":{"a":"\\udfff"}}}',
  '{"a":1e999}',
  '{"a":-0}',
  '{"a":01}',
  '{"a":NaN}',
  '{"a":9007199254740993}',
  '{"a":123456789012345678901234567890}',
  '{"a":"\u0001"}',
  '{"kind":null,"apiVersion":null}',
];

export const ODD_VALUES: readonly (() => unknown)[] = [
  () => null,
  () => undefined,
  () => 0,
  () => -1,
  () => 1.5,
  () => 2 ** 31,
  () => 2n ** 53n + 1n,
  () => 2n ** 63n,
  () => 2n ** 64n,
  () => 10n ** 30n,
  () => true,
  () => "",
  () => "a".repeat(70_000),
  () => [],
  () => ({}),
  () => [null],
  () => [[]],
  () => ({ "": 1 }),
  () => "\ud800",
  () => "\u0000",
  () => "ü",
  () => JSON.parse('{"__proto__":{"polluted":1}}') as unknown,
  () => ({ constructor: { prototype: { polluted: 1 } } }),
  () => ({ toString: 1, valueOf: 2, hasOwnProperty: 3, toJSON: 4 }),
  () => deep(50),
  () => deep(1200),
  () => deepList(900),
  () => "1e1000000000",
  () => "999999999999999999999999999999Ei",
  () => "1".repeat(5000),
  () => "2020-13-45T99:99:99Z",
  () => "9".repeat(30),
  () => "../../etc",
  () => "*/0 * * * *",
  () => "@every 1ns",
  () => "((((a*)*)*)*)$",
  () => Array.from({ length: 2000 }, (_, index) => ({ name: `n${index}` })),
  () => Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`k${index}`, "v"])),
  () => -0,
  () => 1e300,
  () => "127.0.0.1",
  () => "fe80::1%eth0",
  () => "::ffff:1.2.3.4/130",
];

const deep = (levels: number): unknown => {
  let made: unknown = 1;
  for (let level = 0; level < levels; level++) made = { a: made };
  return made;
};

const deepList = (levels: number): unknown => {
  let made: unknown = 1;
  for (let level = 0; level < levels; level++) made = [made];
  return made;
};

/** JSON of so many objects, each in the one before. */
export const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

const ODD_KEYS = [
  "__proto__",
  "constructor",
  "toString",
  "",
  "a/b/c",
  "ü",
  "x".repeat(400),
  "kind",
  "metadata",
  "name",
  "0",
  "$patch",
  "$setElementOrder/a",
  "$deleteFromPrimitiveList/a",
  "$retainKeys",
];

/** A copy with so many things in it changed. */
export function mutated(value: unknown, random: Random, times: number): unknown {
  let made = value;
  for (let time = 0; time < times; time++) made = mutatedOnce(made, random, 0);
  return made;
}

function mutatedOnce(value: unknown, random: Random, depth: number): unknown {
  const isParent = value !== null && typeof value === "object";
  if (!isParent || (depth > 0 && chance(random, 0.2))) return pick(random, ODD_VALUES)();
  if (Array.isArray(value)) {
    if (value.length === 0 || chance(random, 0.2))
      return [
        ...(value as unknown[]),
        value.length > 0 && chance(random, 0.5) ? value[0] : pick(random, ODD_VALUES)(),
      ];
    const at = random.below(value.length);
    return value.with(at, mutatedOnce(value[at], random, depth + 1));
  }
  const keys = Object.keys(value);
  const key = keys.length === 0 || chance(random, 0.15) ? pick(random, ODD_KEYS) : pick(random, keys);
  const before = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  const made = { ...value };
  const changed = before === undefined ? pick(random, ODD_VALUES)() : mutatedOnce(before, random, depth + 1);
  Object.defineProperty(made, key, { value: changed, enumerable: true, writable: true, configurable: true });
  return made;
}

/** As JSON, with integers that no double holds, lone surrogates both ways, and now and then a key twice. */
export function jsonOf(value: unknown, random: Random): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "string")
    return chance(random, 0.02) ? `"${value.replace(/["\\\n]/g, "")}"` : JSON.stringify(value);
  if (value === null || value === undefined || typeof value !== "object")
    return JSON.stringify(value) ?? "null";
  if (value instanceof Uint8Array) return JSON.stringify(value.toBase64());
  if (Array.isArray(value)) return `[${value.map((each) => jsonOf(each, random)).join(",")}]`;
  const parts: string[] = [];
  for (const [key, each] of Object.entries(value)) {
    if (each === undefined) continue;
    parts.push(`${JSON.stringify(key)}:${jsonOf(each, random)}`);
    if (chance(random, 0.002)) parts.push(parts.at(-1)!);
  }
  return `{${parts.join(",")}}`;
}

/** Now and then broken in one place. */
export function brokenText(json: string, random: Random): string {
  if (!chance(random, 0.08)) return json;
  const at = random.below(json.length + 1);
  const piece = pick(random, [
    "",
    "}",
    "{",
    '"',
    ",",
    "\u0000",
    "\\",
    "\\u",
    "\\ud800",
    "//",
    "NaN",
    "1e",
    " ".repeat(1000),
    "[".repeat(20_000),
    '{"a":'.repeat(20_000),
  ]);
  return chance(random, 0.3)
    ? json.slice(0, at)
    : json.slice(0, at) + piece + json.slice(at + random.below(3));
}
