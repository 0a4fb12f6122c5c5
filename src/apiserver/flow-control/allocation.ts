/** What one of several wants of something that is shared: never less than `lower`, never more than `upper`. */
export interface Claim {
  readonly lower: number;
  readonly upper: number;
  readonly target: number;
}

export interface Allocation {
  /** In the order of the claims; they sum up to the total. */
  readonly parts: readonly number[];
  /** What everybody gets of their target who is not at a bound. */
  readonly proportion: number;
}

/** Who wants nothing still gets something of what is left. */
const TARGET_MIN = 0.001;

const clamp = (value: number, { lower, upper }: Claim): number => Math.min(Math.max(value, lower), upper);

/** Shares `total` out in proportion to the targets, within the bounds. Undefined where the bounds do not allow it. */
export function allocate(total: number, asked: readonly Claim[]): Allocation | undefined {
  const claims = asked.map((claim) => ({ ...claim, target: Math.max(claim.target, TARGET_MIN) }));
  const partsAt = (proportion: number) => claims.map((claim) => clamp(proportion * claim.target, claim));
  const sumAt = (proportion: number) => partsAt(proportion).reduce((sum, part) => sum + part, 0);
  // The sum grows with the proportion, in straight pieces between these.
  const bends = claims
    .flatMap(({ lower, upper, target }) => [lower / target, upper / target])
    .toSorted((a, b) => a - b);
  const [first = 0, last = 0] = [bends[0], bends.at(-1)];
  if (claims.length === 0 || total < sumAt(first) || total > sumAt(last)) return undefined;
  let [low, high] = [first, last];
  for (const bend of bends) {
    if (sumAt(bend) <= total) low = bend;
    else {
      high = bend;
      break;
    }
  }
  const [below, above] = [sumAt(low), sumAt(high)];
  const proportion = above > below ? low + ((total - below) / (above - below)) * (high - low) : low;
  return { parts: partsAt(proportion), proportion };
}
