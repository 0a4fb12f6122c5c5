/** A number, or a share of a whole: 3 or `25%`. */
export type IntOrString = number | string;

const PERCENT = /^([+-]?\d+)%$/;

/** The percentage of a text such as `25%`; undefined when it is none. */
export function percentOf(text: string): number | undefined {
  const match = PERCENT.exec(text);
  return match ? Number(match[1]) : undefined;
}

/** The number itself, or the share of `total`, rounded up or down to an integer. Throws on text that is no percentage. */
export function scaledValue(value: IntOrString, total: number, { roundUp }: { roundUp: boolean }): number {
  if (typeof value === "number") return value;
  const percent = percentOf(value);
  if (percent === undefined)
    throw new Error("invalid value for IntOrString: invalid type: string is not a percentage");
  // Multiplied before it is divided, so that the division is the only rounding there is.
  const share = (percent * total) / 100;
  return roundUp ? Math.ceil(share) : Math.floor(share);
}
