/** Text of `describe`: labels on the left, values on the right, lined up in each block. */

type Value = string | number | boolean | null | undefined;

/** Collects lines; `nested` ones are indented. */
export class Lines {
  readonly #rows: (readonly [label: string, value: string] | string | Lines)[] = [];
  readonly #indent: string;

  constructor(indent = "") {
    this.#indent = indent;
  }

  /** `Name:   web`. Undefined is left out; several lines are put below each other. */
  field(label: string, value: Value | readonly string[]): this {
    if (value === undefined) return this;
    const values = Array.isArray(value) ? (value as readonly string[]) : [String(value)];
    const [first = "<none>", ...others] = values;
    this.#rows.push([`${label}:`, first]);
    for (const other of others) this.#rows.push(["", other]);
    return this;
  }

  text(line: string): this {
    this.#rows.push(line);
    return this;
  }

  /** A block with a title of its own. */
  section(title: string, fill: (lines: Lines) => void): this {
    this.#rows.push(title);
    return this.nested(fill);
  }

  /** A block that belongs to the line before. */
  nested(fill: (lines: Lines) => void): this {
    const inner = new Lines(`${this.#indent}  `);
    fill(inner);
    this.#rows.push(inner);
    return this;
  }

  toString(): string {
    const width = Math.max(0, ...this.#rows.map((row) => (Array.isArray(row) ? row[0].length : 0)));
    return this.#rows
      .map((row) => {
        if (row instanceof Lines) return row.toString();
        if (typeof row === "string")
          return row
            .split("\n")
            .map((line) => `${this.#indent}${line}`.trimEnd() + "\n")
            .join("");
        const [label, value] = row as readonly [string, string];
        return `${`${this.#indent}${label.padEnd(width + 2)}${value}`.trimEnd()}\n`;
      })
      .join("");
  }
}

/** `key=value` lines, in order. */
export const pairs = (
  map: Readonly<Record<string, string>> | undefined,
  separator = "=",
): readonly string[] =>
  Object.entries(map ?? {})
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `${key}${separator}${value}`);

/** `Mon, 02 Jan 2006 15:04:05 +0000` */
export function dateText(timestamp: string | null | undefined): string | undefined {
  if (!timestamp) return undefined;
  return new Date(timestamp).toUTCString().replace(/GMT$/, "+0000");
}
