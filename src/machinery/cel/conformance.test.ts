/**
 * The conformance cases of the language's specification. Excluded are cases that need protobuf messages, which
 * Kubernetes has not, and libraries that Kubernetes does not offer.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
// The package declares types for its tests only as protobuf messages; this is the plain data behind them.
import { tests as conformance } from "@bufbuild/cel-spec/testdata/conformance.js";
import type { Environment } from "./environment.ts";
import { equal } from "./equality.ts";
import { functionTable } from "./function-table.ts";
import { optional } from "./library/optional.ts";
import { standard } from "./library/standard.ts";
import { strings } from "./library/strings.ts";
import { parseSpan, parseTimestamp, time } from "./library/time.ts";
import { compileProgram } from "./program.ts";
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  NULL,
  opaque,
  printType,
  STRING,
  TIMESTAMP,
  type Type,
  typeOf,
  UINT,
} from "./types.ts";
import {
  ArrayList,
  CelError,
  CelMap,
  isError,
  List,
  LiteralMap,
  type Result,
  TypeValue,
  UInt,
  type Value,
} from "./values.ts";

const NOT_IN_KUBERNETES: ReadonlyMap<string, string> = new Map([
  ["proto2", "protobuf messages"],
  ["proto2_ext", "protobuf messages"],
  ["proto3", "protobuf messages"],
  ["wrappers", "protobuf messages"],
  ["enums", "protobuf enums"],
  ["dynamic", "protobuf messages"],
  ["math_ext", "the math library"],
  ["encoders_ext", "the base64 library"],
  ["block_ext", "cel.block, which only optimizers write"],
]);

/** What marks a case in another file as one about messages. */
const MESSAGES =
  /TestAllTypes|google\.protobuf\.(?!Timestamp|Duration)|messageType|GlobalEnum|enumValue|"wrapper"/;

interface ProtoValue {
  readonly int64Value?: string;
  readonly uint64Value?: string;
  readonly doubleValue?: number | string;
  readonly stringValue?: string;
  readonly bytesValue?: string;
  readonly boolValue?: boolean;
  readonly nullValue?: null;
  readonly typeValue?: string;
  readonly listValue?: { readonly values?: readonly ProtoValue[] };
  readonly mapValue?: {
    readonly entries?: readonly { readonly key: ProtoValue; readonly value: ProtoValue }[];
  };
  readonly objectValue?: { readonly "@type": string; readonly value?: string };
}

interface ProtoType {
  readonly primitive?: string;
  readonly wellKnown?: string;
  readonly dyn?: object;
  readonly null?: null;
  readonly type?: ProtoType;
  readonly typeParam?: string;
  readonly listType?: { readonly elemType?: ProtoType };
  readonly mapType?: { readonly keyType?: ProtoType; readonly valueType?: ProtoType };
  readonly abstractType?: { readonly name: string; readonly parameterTypes?: readonly ProtoType[] };
}

interface Declaration {
  readonly name: string;
  readonly ident?: { readonly type: ProtoType };
  readonly function?: {
    readonly overloads: readonly {
      readonly overloadId: string;
      readonly params?: readonly ProtoType[];
      readonly resultType: ProtoType;
      readonly isInstanceFunction?: boolean;
    }[];
  };
}

interface Case {
  readonly name?: string;
  readonly expr: string;
  readonly container?: string;
  readonly disableCheck?: boolean;
  readonly checkOnly?: boolean;
  readonly typeEnv?: readonly Declaration[];
  readonly bindings?: Readonly<Record<string, { readonly value: ProtoValue }>>;
  readonly value?: ProtoValue;
  readonly typedResult?: { readonly result?: ProtoValue; readonly deducedType: ProtoType };
  readonly evalError?: object;
}

interface Suite {
  readonly name: string;
  readonly tests?: readonly { readonly original: Case }[];
  readonly suites?: readonly Suite[];
}

const PRIMITIVES: Readonly<Record<string, Type>> = { BOOL, INT64: INT, UINT64: UINT, DOUBLE, STRING, BYTES };

function typeFrom(type: ProtoType | undefined): Type {
  if (!type) return DYN;
  if (type.primitive) return PRIMITIVES[type.primitive]!;
  if (type.wellKnown === "TIMESTAMP") return TIMESTAMP;
  if (type.wellKnown === "DURATION") return DURATION;
  if (type.listType) return listOf(typeFrom(type.listType.elemType));
  if (type.mapType) return mapOf(typeFrom(type.mapType.keyType), typeFrom(type.mapType.valueType));
  if (type.typeParam) return { kind: "parameter", name: type.typeParam };
  if (type.type) return typeOf(typeFrom(type.type));
  if ("null" in type) return NULL;
  if (type.abstractType)
    return opaque(type.abstractType.name, ...(type.abstractType.parameterTypes ?? []).map(typeFrom));
  return DYN;
}

function valueFrom(value: ProtoValue): Value {
  if (value.int64Value !== undefined) return BigInt(value.int64Value);
  if (value.uint64Value !== undefined) return new UInt(BigInt(value.uint64Value));
  if (value.doubleValue !== undefined) return Number(value.doubleValue);
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.bytesValue !== undefined)
    return Uint8Array.from(atob(value.bytesValue), (char) => char.charCodeAt(0));
  if (value.typeValue !== undefined) return new TypeValue(value.typeValue);
  if (value.listValue) return new ArrayList((value.listValue.values ?? []).map(valueFrom));
  if (value.mapValue) {
    const map = new LiteralMap();
    for (const entry of value.mapValue.entries ?? []) map.add(valueFrom(entry.key), valueFrom(entry.value));
    return map;
  }
  const text = value.objectValue?.value ?? "";
  if (value.objectValue?.["@type"].endsWith("Timestamp")) return parseTimestamp(text) as Value;
  if (value.objectValue?.["@type"].endsWith("Duration")) return parseSpan(text) as Value;
  return null;
}

/** Same type and same value, with NaN the same as itself: stricter than the language's `==`. */
function same(a: Value, b: Value): boolean {
  if (typeof a !== typeof b) return false;
  if (typeof a === "number" && typeof b === "number") return Object.is(a, b) || a === b;
  if (a instanceof List && b instanceof List) {
    return (
      a.size === b.size &&
      Array.from({ length: a.size }, (_, i) => same(a.at(i) as Value, b.at(i) as Value)).every(Boolean)
    );
  }
  if (a instanceof CelMap && b instanceof CelMap)
    return (
      a.size === b.size &&
      a.keys().every((key) => b.has(key) && same(a.get(key) as Value, b.get(key) as Value))
    );
  if (a instanceof UInt !== b instanceof UInt) return false;
  return equal(a, b);
}

const functions = functionTable(standard, time, optional, strings);

function environmentOf(declared: Case): Environment {
  const variables = new Map<string, Type>();
  const all = new Map(functions);
  for (const { name, ident, function: fn } of declared.typeEnv ?? []) {
    if (ident) variables.set(name, typeFrom(ident.type));
    for (const { overloadId, params, resultType, isInstanceFunction } of fn?.overloads ?? []) {
      const overload = {
        id: overloadId,
        member: isInstanceFunction ?? false,
        parameters: (params ?? []).map(typeFrom),
        result: typeFrom(resultType),
        price: functions.get("dyn")![0]!.price,
        call: (): Result => new CelError("unbound function"),
      };
      all.set(name, [...(all.get(name) ?? []), overload]);
    }
  }
  for (const name of Object.keys(declared.bindings ?? {})) if (!variables.has(name)) variables.set(name, DYN);
  return {
    functions: all,
    variables,
    container: declared.container ?? "",
    checked: declared.disableCheck !== true,
  };
}

/** What went wrong, or undefined. */
function run(declared: Case): string | undefined {
  const program = compileProgram(declared.expr, environmentOf(declared));
  if ("errors" in program) return declared.evalError ? undefined : program.errors;
  const { typedResult } = declared;
  if (typedResult && printType(program.type) !== printType(typeFrom(typedResult.deducedType)))
    return `type ${printType(program.type)}, not ${printType(typeFrom(typedResult.deducedType))}`;
  if (declared.checkOnly) return undefined;
  const { value } = program.evaluate((name) => {
    const binding = declared.bindings?.[name];
    return binding && valueFrom(binding.value);
  });
  if (declared.evalError) return isError(value) ? undefined : `${describe(value)} instead of an error`;
  const expected = valueFrom(declared.value ?? typedResult?.result ?? { boolValue: true });
  if (isError(value)) return `error ${value.message}`;
  return same(value, expected) ? undefined : `${describe(value)}, not ${describe(expected)}`;
}

const describe = (value: Result): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? `${part}` : part)) ?? "nothing";

const casesOf = (suite: Suite): readonly Case[] => [
  ...(suite.tests ?? []).map(({ original }) => original),
  ...(suite.suites ?? []).flatMap(casesOf),
];

const files = (conformance as unknown as Suite).suites!.map((file) => ({
  file: file.name,
  cases: casesOf(file),
}));

for (const { file, cases } of files) {
  const reason = NOT_IN_KUBERNETES.get(file);
  if (reason !== undefined || cases.length === 0) {
    test(`${file}: ${cases.length} cases`, { skip: reason ?? "no cases" }, () => undefined);
    continue;
  }
  const ours = cases.filter((each) => !MESSAGES.test(JSON.stringify({ ...each, name: "", description: "" })));
  test(`${file}: ${ours.length} of ${cases.length} cases, the others are about messages`, () => {
    const failures = ours.flatMap((each) => {
      const failure = run(each);
      return failure === undefined ? [] : [`${file}/${each.name}: ${each.expr}: ${failure}`];
    });
    assert.deepEqual(failures, []);
  });
}
