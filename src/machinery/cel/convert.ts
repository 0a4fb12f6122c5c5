/** Texts to numbers, as Go reads them. */

export const TRUE_SPELLINGS: ReadonlySet<string> = new Set(["1", "t", "T", "true", "TRUE", "True"]);
export const FALSE_SPELLINGS: ReadonlySet<string> = new Set(["0", "f", "F", "false", "FALSE", "False"]);

export const parseInteger = (text: string): bigint | undefined =>
  /^[+-]?\d{1,100}$/.test(text) ? BigInt(text.replace(/^\+/, "")) : undefined;

const SPECIAL: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["inf", Infinity],
  ["+inf", Infinity],
  ["-inf", -Infinity],
  ["infinity", Infinity],
  ["+infinity", Infinity],
  ["-infinity", -Infinity],
]);

export function parseDouble(text: string): number | undefined {
  const special = SPECIAL.get(text.toLowerCase());
  if (special !== undefined) return special;
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}
