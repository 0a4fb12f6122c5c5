/** Characters between columns, and of a column with what follows it, at least. */
const GAP = 3;
const WIDTH_MIN = 6;

/** Lines up the cells of rows, as `kubectl get` does. The last cell of a row is not padded. */
export function formatColumns(
  rows: readonly (readonly string[])[],
  widths: number[] = [],
  gap: number = GAP,
): string {
  measure(rows, widths);
  const widthMin = gap === GAP ? WIDTH_MIN : 0;
  return rows
    .map((row) => {
      const last = row.length - 1;
      const cells = row.map((cell, at) =>
        at === last ? cell : cell.padEnd(Math.max(widthMin, widths[at]! + gap)),
      );
      return `${cells.join("")}\n`;
    })
    .join("");
}

/** Makes the widths wide enough for these rows too. */
function measure(rows: readonly (readonly string[])[], widths: number[]): void {
  for (const row of rows) {
    row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  }
}
