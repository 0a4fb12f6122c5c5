const VERSION = /^v(\d+)(?:(alpha|beta)(\d+))?$/;
const STAGES: Readonly<Record<string, number>> = { "": 3, beta: 2, alpha: 1 };

/** Newest and most stable first: v10, v2, v1, v2beta1, v1alpha2; then all other names in alphabetical order. */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [rankOf(one), rankOf(other)];
  if (left && right) return right.stage - left.stage || right.major - left.major || right.minor - left.minor;
  if (left || right) return left ? -1 : 1;
  return one < other ? -1 : one > other ? 1 : 0;
}

function rankOf(
  name: string,
): { readonly stage: number; readonly major: number; readonly minor: number } | undefined {
  const parts = VERSION.exec(name);
  if (!parts) return undefined;
  return { stage: STAGES[parts[2] ?? ""]!, major: Number(parts[1]), minor: Number(parts[3] ?? 0) };
}
