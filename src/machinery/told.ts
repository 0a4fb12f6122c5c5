/**
 * Names in an object can be as long as the object itself, and each stands in the path of all that is wrong inside: a
 * small body could ask for an answer of gigabytes. No more characters are told.
 */
const CHARACTERS_MAX = 1_000_000;

/** The first of what is wrong, and as many more as are not too much. What comes later is not looked at. */
export function told<T>(all: Iterable<T>, lengthOf: (one: T) => number, countMax = Infinity): T[] {
  const some: T[] = [];
  let characters = 0;
  for (const one of all) {
    characters += lengthOf(one);
    if (some.length > 0 && characters > CHARACTERS_MAX) break;
    some.push(one);
    if (some.length >= countMax) break;
  }
  return some;
}

/** Of texts. */
export const toldTexts = (all: Iterable<string>, countMax?: number): string[] =>
  told(all, ({ length }) => length, countMax);

/** Each once, by its key. What would not be told is given as often as it is there: keys cost their length. */
export function distinctBy<T>(all: readonly T[], keyOf: (one: T) => string): T[] {
  const seen = new Set<string>();
  let characters = 0;
  return all.filter((one) => {
    if (characters > CHARACTERS_MAX) return true;
    const key = keyOf(one);
    characters += key.length;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
