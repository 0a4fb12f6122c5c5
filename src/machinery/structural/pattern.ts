/** Regular expressions as clients write them for the API, in Go's dialect, as JavaScript's. */

/** Go's dialect has none of these: they need more than one pass over the text. */
const NOT_REGULAR = /\(\?<?[=!]|\\[1-9]|\\k</;

const POSIX: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7F",
  blank: "\\t ",
  cntrl: "\\x00-\\x1F\\x7F",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

const known = new Map<string, RegExp | string>();
const PATTERNS_REMEMBERED_MAX = 4096;

/** The compiled pattern, or why it is none. */
export function patternOf(text: string): RegExp | string {
  let made = known.get(text);
  if (made === undefined) {
    made = compile(text);
    if (known.size < PATTERNS_REMEMBERED_MAX) known.set(text, made);
  }
  return made;
}

function compile(text: string): RegExp | string {
  if (NOT_REGULAR.test(text)) return `error parsing regexp: invalid or unsupported Perl syntax: \`${text}\``;
  const flags = /^\(\?([ims]+)\)/.exec(text);
  const source = translated(flags ? text.slice(flags[0].length) : text);
  try {
    // Classes of characters by their Unicode property need `u`; without it the engine has a way out of backtracking.
    return new RegExp(source, `${flags?.[1] ?? ""}${/\\[pP]/.test(source) ? "u" : ""}`);
  } catch {
    return `error parsing regexp: \`${text}\``;
  }
}

const translated = (text: string): string =>
  text
    .replace(/\(\?P</g, "(?<")
    .replace(/\\A/g, "^")
    .replace(/\\z/g, "$")
    .replace(/\[:(\w+):\]/g, (all, name: string) => (Object.hasOwn(POSIX, name) ? POSIX[name]! : all));
