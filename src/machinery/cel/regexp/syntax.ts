/** RE2's pattern language to a tree. What needs backtracking (back references, look-around) is not in it. */

/** A set of characters. */
export interface CharSet {
  readonly has: (code: number) => boolean;
}

export type Assertion = "text-start" | "text-end" | "line-start" | "line-end" | "word-edge" | "no-word-edge";

export type Pattern =
  | { readonly kind: "empty" }
  | { readonly kind: "chars"; readonly set: CharSet }
  | { readonly kind: "assert"; readonly assertion: Assertion }
  | { readonly kind: "concat"; readonly parts: readonly Pattern[] }
  | { readonly kind: "alternate"; readonly parts: readonly Pattern[] }
  | {
      readonly kind: "repeat";
      readonly part: Pattern;
      readonly min: number;
      readonly max: number;
      readonly greedy: boolean;
    };

/** A pattern that cannot be read; the message is Go's. */
export class PatternError extends Error {
  override readonly name = "PatternError";
  constructor(problem: string, where: string) {
    super(`error parsing regexp: ${problem}: \`${where}\``);
  }
}

/** `x{1000}` is the most. */
const REPEAT_MAX = 1000;
/** Groups inside groups. */
const DEPTH_MAX = 200;

interface Flags {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  readonly ungreedy: boolean;
}

const NO_FLAGS: Flags = { ignoreCase: false, multiline: false, dotAll: false, ungreedy: false };

/** Throws `PatternError`. */
export function parsePattern(source: string): Pattern {
  const parser = new PatternParser(source);
  const pattern = parser.alternation(0);
  if (!parser.ended) throw new PatternError("unexpected )", source);
  return pattern;
}

const EMPTY: Pattern = { kind: "empty" };

class PatternParser {
  readonly #source: string;
  #position = 0;
  #flags = NO_FLAGS;

  constructor(source: string) {
    this.#source = source;
  }

  get ended(): boolean {
    return this.#position >= this.#source.length;
  }

  get #char(): string {
    const code = this.#source.codePointAt(this.#position);
    return code === undefined ? "" : String.fromCodePoint(code);
  }

  #take(): string {
    const char = this.#char;
    this.#position += char.length;
    return char;
  }

  #accept(text: string): boolean {
    if (!this.#source.startsWith(text, this.#position)) return false;
    this.#position += text.length;
    return true;
  }

  alternation(depth: number): Pattern {
    if (depth > DEPTH_MAX) throw new PatternError("expression nests too deeply", this.#source);
    const flags = this.#flags;
    const parts = [this.#concatenation(depth)];
    while (this.#accept("|")) parts.push(this.#concatenation(depth));
    this.#flags = flags;
    return parts.length === 1 ? parts[0]! : { kind: "alternate", parts };
  }

  #concatenation(depth: number): Pattern {
    const parts: Pattern[] = [];
    while (!this.ended && this.#char !== "|" && this.#char !== ")") {
      const from = this.#position;
      const atom = this.#atom(depth);
      if (atom) parts.push(this.#repeated(atom, from));
    }
    return parts.length === 1 ? parts[0]! : { kind: "concat", parts };
  }

  #repeated(atom: Pattern, from: number): Pattern {
    let part = atom;
    for (let count = 0; ; count += 1) {
      const at = this.#position;
      const bounds = this.#bounds();
      if (!bounds) return part;
      const [min, max] = bounds;
      const lazy = this.#accept("?");
      if (count > 0) {
        const where = this.#source.slice(from, this.#position);
        throw new PatternError("invalid nested repetition operator", where.slice(at - from - 1));
      }
      part = { kind: "repeat", part, min, max, greedy: lazy === this.#flags.ungreedy };
    }
  }

  /** `*`, `+`, `?`, `{2}`, `{2,}`, `{2,3}`; braces of any other form are ordinary characters. */
  #bounds(): readonly [number, number] | undefined {
    if (this.#accept("*")) return [0, Infinity];
    if (this.#accept("+")) return [1, Infinity];
    if (this.#accept("?")) return [0, 1];
    const counted = /^\{(\d{1,5})(?:(,)(\d{1,5})?)?\}/.exec(
      this.#source.slice(this.#position, this.#position + 16),
    );
    if (!counted) return undefined;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] === undefined ? Infinity : Number(counted[3]);
    if (min > REPEAT_MAX || (max !== Infinity && (max > REPEAT_MAX || max < min)))
      throw new PatternError("invalid repeat count", counted[0]);
    this.#position += counted[0].length;
    return [min, max];
  }

  /** Undefined for what matches nothing by itself, as `(?i)`. */
  #atom(depth: number): Pattern | undefined {
    const at = this.#position;
    const char = this.#take();
    switch (char) {
      case "(":
        return this.#group(depth, at);
      case "[":
        return this.#chars(this.#charClass(at));
      case ".":
        return this.#chars(this.#flags.dotAll ? ANY : NOT_NEWLINE, true);
      case "^":
        return { kind: "assert", assertion: this.#flags.multiline ? "line-start" : "text-start" };
      case "$":
        return { kind: "assert", assertion: this.#flags.multiline ? "line-end" : "text-end" };
      case "\\":
        return this.#escape(at);
      case "*":
      case "+":
      case "?":
        throw new PatternError("missing argument to repetition operator", char);
      default:
        return this.#chars(single(char.codePointAt(0)!));
    }
  }

  #chars(set: CharSet, asIs = false): Pattern {
    return { kind: "chars", set: this.#flags.ignoreCase && !asIs ? ignoringCase(set) : set };
  }

  #group(depth: number, at: number): Pattern | undefined {
    const flags = this.#flags;
    if (this.#accept("?")) {
      const named = /^P?<[A-Za-z_][A-Za-z0-9_]*>/.exec(this.#source.slice(this.#position));
      if (named) this.#position += named[0].length;
      else if (this.#setFlags(at)) return undefined;
    }
    const inner = this.alternation(depth + 1);
    if (!this.#accept(")")) throw new PatternError("missing closing )", this.#source);
    this.#flags = flags;
    return inner;
  }

  /** `i`, `m-s:` and the like; true when the group is over, so the flags hold for what follows. */
  #setFlags(at: number): boolean {
    const written = /^([imsU]*)(?:-([imsU]+))?([:)])/.exec(this.#source.slice(this.#position));
    if (!written || (written[0] === ")" && written[1] === ""))
      throw new PatternError(
        "invalid or unsupported Perl syntax",
        this.#source.slice(at, this.#position + 1),
      );
    const [all, on = "", off = "", end] = written;
    this.#position += all.length;
    const flag = (letter: string, before: boolean): boolean =>
      off.includes(letter) ? false : on.includes(letter) || before;
    this.#flags = {
      ignoreCase: flag("i", this.#flags.ignoreCase),
      multiline: flag("m", this.#flags.multiline),
      dotAll: flag("s", this.#flags.dotAll),
      ungreedy: flag("U", this.#flags.ungreedy),
    };
    return end === ")";
  }

  #escape(at: number): Pattern {
    const char = this.#char;
    const assertion = ASSERTIONS.get(char);
    if (assertion) {
      this.#take();
      return { kind: "assert", assertion };
    }
    if (this.#accept("Q")) return this.#quoted();
    const set = this.#escapedClass() ?? single(this.#escapedChar(at));
    return this.#chars(set);
  }

  /** `\Qa.b\E` */
  #quoted(): Pattern {
    const end = this.#source.indexOf("\\E", this.#position);
    const text = this.#source.slice(this.#position, end < 0 ? undefined : end);
    this.#position = end < 0 ? this.#source.length : end + 2;
    if (text === "") return EMPTY;
    const parts = Array.from(text, (char) => this.#chars(single(char.codePointAt(0)!)));
    return { kind: "concat", parts };
  }

  /** `\d`, `\pL` and the like; the backslash is behind. */
  #escapedClass(): CharSet | undefined {
    const perl = PERL.get(this.#char);
    if (perl) {
      this.#take();
      return perl;
    }
    const property = /^([pP])(?:\{(\^?)([A-Za-z_]+)\}|([A-Za-z]))/.exec(this.#source.slice(this.#position));
    if (!property) return undefined;
    this.#position += property[0].length;
    const set = unicodeProperty(property[3] ?? property[4]!, `\\${property[0]}`);
    return (property[1] === "P") === (property[2] === "^") ? set : not(set);
  }

  #escapedChar(at: number): number {
    if (this.ended) throw new PatternError("trailing backslash at end of expression", "");
    const numeric = /^(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]{1,6})\}|(0[0-7]{0,2}|[1-7][0-7]{1,2}))/.exec(
      this.#source.slice(this.#position),
    );
    if (numeric) {
      this.#position += numeric[0].length;
      const hex = numeric[1] ?? numeric[2];
      return hex === undefined ? Number.parseInt(numeric[3]!, 8) : Number.parseInt(hex, 16);
    }
    const char = this.#take();
    const control = CONTROLS.get(char);
    if (control !== undefined) return control;
    if (/[A-Za-z0-9]/.test(char) || char.codePointAt(0)! > 127)
      throw new PatternError("invalid escape sequence", this.#source.slice(at, this.#position));
    return char.codePointAt(0)!;
  }

  #charClass(at: number): CharSet {
    const negated = this.#accept("^");
    const sets: CharSet[] = [];
    for (let first = true; first || this.#char !== "]"; first = false) {
      if (this.ended) throw new PatternError("missing closing ]", this.#source.slice(at));
      sets.push(this.#classItem(at));
    }
    this.#take();
    const union = anyOf(sets);
    const folded = this.#flags.ignoreCase ? ignoringCase(union) : union;
    return negated ? not(folded) : folded;
  }

  #classItem(at: number): CharSet {
    const posix = /^\[:(\^?)([a-z]+):\]/.exec(this.#source.slice(this.#position));
    if (posix) {
      const set = POSIX.get(posix[2]!);
      if (!set) throw new PatternError("invalid character class range", posix[0]);
      this.#position += posix[0].length;
      return posix[1] === "^" ? not(set) : set;
    }
    const from = this.#position;
    if (this.#accept("\\")) {
      const set = this.#escapedClass();
      if (set) return set;
      this.#position = from;
    }
    const low = this.#classChar();
    const ranged =
      this.#char === "-" &&
      this.#source[this.#position + 1] !== "]" &&
      this.#source.length > this.#position + 1;
    if (!ranged) return single(low);
    this.#take();
    if (this.ended) throw new PatternError("missing closing ]", this.#source.slice(at));
    const high = this.#classChar();
    if (high < low)
      throw new PatternError("invalid character class range", this.#source.slice(from, this.#position));
    return between(low, high);
  }

  #classChar(): number {
    const at = this.#position;
    const char = this.#take();
    return char === "\\" ? this.#escapedChar(at) : char.codePointAt(0)!;
  }
}

const single = (only: number): CharSet => ({ has: (code) => code === only });
const between = (low: number, high: number): CharSet => ({ has: (code) => code >= low && code <= high });
const not = (set: CharSet): CharSet => ({ has: (code) => !set.has(code) });
const anyOf = (sets: readonly CharSet[]): CharSet => ({ has: (code) => sets.some((set) => set.has(code)) });
const ANY: CharSet = { has: () => true };
const NOT_NEWLINE: CharSet = { has: (code) => code !== 10 };

function ignoringCase(set: CharSet): CharSet {
  return {
    has: (code) => {
      if (set.has(code)) return true;
      const char = String.fromCodePoint(code);
      return set.has(char.toLowerCase().codePointAt(0)!) || set.has(char.toUpperCase().codePointAt(0)!);
    },
  };
}

const named = (...ranges: readonly string[]): CharSet =>
  anyOf(ranges.map((range) => between(range.charCodeAt(0), range.charCodeAt(range.length - 1))));

const DIGIT = named("0-9");
const SPACE = anyOf([9, 10, 12, 13, 32].map(single));
const WORD = named("0-9", "A-Z", "a-z", "_");

const PERL: ReadonlyMap<string, CharSet> = new Map([
  ["d", DIGIT],
  ["D", not(DIGIT)],
  ["s", SPACE],
  ["S", not(SPACE)],
  ["w", WORD],
  ["W", not(WORD)],
]);

const POSIX: ReadonlyMap<string, CharSet> = new Map([
  ["alnum", named("0-9", "A-Z", "a-z")],
  ["alpha", named("A-Z", "a-z")],
  ["ascii", between(0, 127)],
  ["blank", anyOf([single(9), single(32)])],
  ["cntrl", anyOf([between(0, 31), single(127)])],
  ["digit", DIGIT],
  ["graph", between(33, 126)],
  ["lower", named("a-z")],
  ["print", between(32, 126)],
  ["punct", anyOf([between(33, 47), between(58, 64), between(91, 96), between(123, 126)])],
  ["space", anyOf([between(9, 13), single(32)])],
  ["upper", named("A-Z")],
  ["word", WORD],
  ["xdigit", named("0-9", "A-F", "a-f")],
]);

const ASSERTIONS: ReadonlyMap<string, Assertion> = new Map<string, Assertion>([
  ["A", "text-start"],
  ["z", "text-end"],
  ["b", "word-edge"],
  ["B", "no-word-edge"],
]);

const CONTROLS: ReadonlyMap<string, number> = new Map([
  ["a", 7],
  ["f", 12],
  ["n", 10],
  ["r", 13],
  ["t", 9],
  ["v", 11],
]);

/** A general category or a script. */
function unicodeProperty(name: string, written: string): CharSet {
  for (const property of [name, `Script=${name}`]) {
    try {
      const pattern = new RegExp(`\\p{${property}}`, "u");
      return { has: (code) => pattern.test(String.fromCodePoint(code)) };
    } catch {
      // Not of this kind: the next one is tried.
    }
  }
  throw new PatternError("invalid character class range", written);
}
