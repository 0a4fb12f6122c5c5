/** Values of expressions as JSON. */
import { toBase64 } from "#machinery/base64";
import { printDuration, printTimestamp } from "./print.ts";
import { CelMap, Duration, isError, List, Timestamp, typeNameOf, UInt, type Value } from "./values.ts";

/** The value has no form in JSON; the message says what kept it. */
export class NoJson extends Error {
  override readonly name = "NoJson";
}

/** Integers beyond what a double holds stay `bigint`, as the JSON codec writes them. Throws NoJson. */
export function toJson(value: Value): unknown {
  switch (typeof value) {
    case "bigint":
      return numberOf(value);
    case "string":
    case "boolean":
    case "number":
      return value;
    default:
      return value === null ? null : jsonOfObject(value);
  }
}

const numberOf = (value: bigint): number | bigint =>
  BigInt.asIntN(54, value) === value ? Number(value) : value;

function jsonOfObject(value: Exclude<Value, bigint | string | boolean | number | null>): unknown {
  if (value instanceof List) return Array.from({ length: value.size }, (_, index) => whole(value.at(index)));
  if (value instanceof CelMap) return jsonOfMap(value);
  if (value instanceof UInt) return numberOf(value.value);
  if (value instanceof Uint8Array) return toBase64(value);
  if (value instanceof Timestamp) return printTimestamp(value);
  if (value instanceof Duration) return printDuration(value);
  throw new NoJson(`a value of type ${typeNameOf(value)} has no JSON form`);
}

function jsonOfMap(map: CelMap): object {
  return Object.fromEntries(
    map.keys().map((key) => {
      if (typeof key !== "string") {
        throw new NoJson(`map key ${JSON.stringify(String(key))} is of type ${typeNameOf(key)}, not string`);
      }
      return [key, whole(map.get(key)!)];
    }),
  );
}

function whole(value: ReturnType<List["at"]>): unknown {
  if (isError(value)) throw new NoJson(value.message);
  return toJson(value);
}
