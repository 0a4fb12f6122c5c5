/** Sets of completion indexes as their text has them: `0-2,5,7-9`. */
export function parseIndexes(text: string | undefined): ReadonlySet<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? "").split(",").filter(Boolean)) {
    const [first, last = first] = part.split("-").map(Number);
    for (let index = first!; index <= last!; index++) indexes.add(index);
  }
  return indexes;
}

export function formatIndexes(indexes: Iterable<number>): string {
  const parts: string[] = [];
  let first: number | undefined;
  let last = 0;
  const close = () => {
    if (first !== undefined)
      parts.push(first === last ? `${first}` : last === first + 1 ? `${first},${last}` : `${first}-${last}`);
  };
  for (const index of [...indexes].toSorted((a, b) => a - b)) {
    if (first !== undefined && index === last + 1) last = index;
    else {
      close();
      first = last = index;
    }
  }
  close();
  return parts.join(",");
}
