/** `optional_type`: a value that may be missing. */
import { Library } from "../function-table.ts";
import { CelError, CelMap, Duration, List, Optional, Timestamp, UInt, type Value } from "../values.ts";

export const optional = new Library();

/** What a type's values start from: `0`, `""`, `false`, `null`, nothing inside. */
function isZero(value: Value): boolean {
  if (value === null || value === "" || value === false || value === 0n || value === 0) return true;
  if (value instanceof List || value instanceof CelMap) return value.size === 0;
  if (value instanceof UInt) return value.value === 0n;
  if (value instanceof Uint8Array) return value.length === 0;
  return (value instanceof Duration || value instanceof Timestamp) && value.nanos === 0n;
}

const NO_VALUE = new CelError("optional.none() dereference");

optional
  .add("optional.of!(A) -> optional_type(A)", (value: Value) => new Optional(value))
  .add("optional.ofNonZeroValue!(A) -> optional_type(A)", (value: Value) =>
    isZero(value) ? Optional.none : new Optional(value),
  )
  .add("optional.none!() -> optional_type(A)", () => Optional.none)
  .add("optional_type(A).hasValue() -> bool", (value: Optional) => value.value !== undefined)
  .add("optional_type(A).value() -> A", (value: Optional) =>
    value.value === undefined ? NO_VALUE : value.value,
  )
  .add("optional_type(A).or(optional_type(A)) -> optional_type(A)", (value: Optional, other: Optional) =>
    value.value === undefined ? other : value,
  )
  .add("optional_type(A).orValue(A) -> A", (value: Optional, other: Value) =>
    value.value === undefined ? other : value.value,
  );
