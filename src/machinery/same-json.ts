/** Do two JSON values say the same? The order of members does not count; one that is undefined is none. */
export function sameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) || Array.isArray(other))
    return Array.isArray(one) && Array.isArray(other) && sameItems(one, other);
  return sameMembers(one as Members, other as Members);
}

type Members = Readonly<Record<string, unknown>>;

const sameItems = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.length === other.length && one.every((item, index) => sameJson(item, other[index]));

/** Only what is an object's own counts: people name things `constructor`, too. */
function sameMembers(one: Members, other: Members): boolean {
  for (const key of Object.keys(one)) {
    if (!sameJson(one[key], Object.hasOwn(other, key) ? other[key] : undefined)) return false;
  }
  for (const key of Object.keys(other)) {
    if (other[key] !== undefined && !Object.hasOwn(one, key)) return false;
  }
  return true;
}
