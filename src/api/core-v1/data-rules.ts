import { sameValue } from "#api/checks";
import { type FieldProblem, forbidden } from "#machinery/schema";

type Values = Readonly<Record<string, string>>;

/** Bytes of all values of one ConfigMap or Secret. */
export const DATA_BYTES_MAX = 1_048_576;

const encoder = new TextEncoder();

const decodedBytes = (base64: string): number =>
  Math.floor((base64.length * 3) / 4) - (base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0);

/** Bytes of the values: text as UTF-8, binary data as it is behind its base64. */
export function dataSize(text: Values | undefined, binary: Values | undefined): number {
  let bytes = 0;
  for (const value of Object.values(text ?? {})) bytes += encoder.encode(value).length;
  for (const value of Object.values(binary ?? {})) bytes += decodedBytes(value);
  return bytes;
}

interface Frozen {
  readonly immutable?: boolean;
  readonly data?: Values;
  readonly binaryData?: Values;
}

const FROZEN = "field is immutable when `immutable` is set";

/** Whoever said `immutable` cannot take it back. */
export function* frozenProblems(now: Frozen, old: Frozen): Iterable<FieldProblem> {
  if (!old.immutable) return;
  if (!now.immutable) yield forbidden("immutable", FROZEN);
  if (!sameValue(now.data, old.data)) yield forbidden("data", FROZEN);
  if (!sameValue(now.binaryData, old.binaryData)) yield forbidden("binaryData", FROZEN);
}
