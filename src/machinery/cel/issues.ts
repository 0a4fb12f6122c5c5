/** What is wrong with an expression's text, printed as cel-go prints it. */

export interface Issue {
  /** Offset in the text, in UTF-16 units; -1 when the whole is meant. */
  readonly at: number;
  readonly message: string;
}

/** More are counted, not printed. */
const ISSUES_PRINTED_MAX = 100;

interface Place {
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

function placeOf(source: string, at: number): Place {
  const start = source.lastIndexOf("\n", at - 1) + 1;
  const end = source.indexOf("\n", at);
  const line = source.slice(0, at).split("\n").length;
  return {
    line,
    column: Array.from(source.slice(start, at)).length,
    text: source.slice(start, end < 0 ? source.length : end),
  };
}

const isWide = (char: string): boolean => char > "\u00ff";

function printIssue(source: string, { at, message }: Issue): string {
  if (at < 0) return `ERROR: <input>:-1:0: ${message}`;
  const { line, column, text } = placeOf(source, at);
  const head = `ERROR: <input>:${line}:${column + 1}: ${message}`;
  const shown = text.replaceAll("\t", " ");
  const skipped = Array.from(shown).slice(0, column);
  const dots = skipped.map((char) => (isWide(char) ? "．" : ".")).join("");
  const pointed = Array.from(shown)[column];
  return `${head}\n | ${shown}\n | ${dots}${pointed !== undefined && isWide(pointed) ? "＾" : "^"}`;
}

/** All of them, in the order of the text. */
export function printIssues(source: string, issues: readonly Issue[]): string {
  const sorted = issues.toSorted((a, b) => a.at - b.at);
  const lines = sorted.slice(0, ISSUES_PRINTED_MAX).map((issue) => printIssue(source, issue));
  const more = sorted.length - lines.length;
  if (more > 0) lines.push(`${more} more errors were truncated`);
  return lines.join("\n");
}
