/**
 * Regular expressions in time that grows with the text, never with its square or worse: RE2's language, run as a set of
 * places in the pattern. `test` remembers the sets it has seen, so that most characters cost one look-up.
 */
import { compilePattern, type Instruction, type Program } from "./program.ts";
import { type Assertion, parsePattern } from "./syntax.ts";

/** Sets of places that are remembered; then all are forgotten. */
const STATES_MAX = 2000;
/** Transitions of one set by characters beyond ASCII that are remembered. */
const WIDE_TRANSITIONS_MAX = 256;
/** Compiled patterns that are kept. */
const PATTERNS_MAX = 500;

const END = -1;
/** The character before the text. */
const START = -2;

const isWord = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95;

/** What the character before was, as far as assertions can ask. */
type Before = 0 | 1 | 2 | 3;
const beforeOf = (code: number): Before => (code === START ? 0 : code === 10 ? 1 : isWord(code) ? 2 : 3);

function holds(assertion: Assertion, before: Before, next: number): boolean {
  switch (assertion) {
    case "text-start":
      return before === 0;
    case "text-end":
      return next === END;
    case "line-start":
      return before <= 1;
    case "line-end":
      return next === END || next === 10;
    case "word-edge":
      return (before === 2) !== isWord(next);
    default:
      return (before === 2) === isWord(next);
  }
}

interface State {
  /** In order of preference; before assertions and splits are followed. */
  readonly places: readonly number[];
  readonly before: Before;
  readonly ascii: (State | true | undefined)[];
  readonly wide: Map<number, State | true>;
  atEnd: boolean | undefined;
}

export class Regexp {
  readonly #program: Program;
  #states = new Map<string, State>();
  readonly #start: State;

  /** Throws `PatternError`. */
  constructor(source: string) {
    this.#program = compilePattern(parsePattern(source), source);
    this.#start = this.#newState([0], 0);
  }

  #newState(places: readonly number[], before: Before): State {
    return { places, before, ascii: [], wide: new Map(), atEnd: undefined };
  }

  /** Does the pattern match anywhere in the text? */
  test(text: string): boolean {
    let state = this.#start;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.codePointAt(index)!;
      if (code > 0xffff) index += 1;
      const next = (code < 128 ? state.ascii[code] : state.wide.get(code)) ?? this.#step(state, code);
      if (next === true) return true;
      state = next;
    }
    state.atEnd ??= this.#follow(state.places, state.before, END).matched;
    return state.atEnd;
  }

  #step(state: State, code: number): State | true {
    const next = this.#makeStep(state, code);
    if (code < 128) state.ascii[code] = next;
    else if (state.wide.size < WIDE_TRANSITIONS_MAX) state.wide.set(code, next);
    return next;
  }

  #makeStep(state: State, code: number): State | true {
    const { matched, waiting } = this.#follow(state.places, state.before, code);
    if (matched) return true;
    const places = new Set<number>();
    for (const instruction of waiting) {
      if (instruction.op === "chars" && instruction.set.has(code)) places.add(instruction.next);
    }
    // A match may begin at every character.
    places.add(0);
    const before = beforeOf(code);
    const key = `${before}:${Array.from(places).join(",")}`;
    const known = this.#states.get(key);
    if (known) return known;
    if (this.#states.size >= STATES_MAX) this.#states = new Map();
    const made = this.#newState(Array.from(places), before);
    this.#states.set(key, made);
    return made;
  }

  /** Goes through splits and assertions to the places that wait for a character. */
  #follow(
    places: readonly number[],
    before: Before,
    next: number,
  ): { readonly matched: boolean; readonly waiting: readonly Instruction[] } {
    const seen = new Set<number>();
    const waiting: Instruction[] = [];
    const stack = places.toReversed();
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      if (seen.has(place)) continue;
      seen.add(place);
      const instruction = this.#program[place]!;
      if (instruction.op === "match") return { matched: true, waiting };
      if (instruction.op === "split") stack.push(instruction.second, instruction.first);
      else if (instruction.op === "chars") waiting.push(instruction);
      else if (holds(instruction.assertion, before, next)) stack.push(instruction.next);
    }
    return { matched: false, waiting };
  }

  /** The leftmost match at or after `from`, preferred as Perl does: where it begins and ends. */
  find(text: string, from = 0): readonly [number, number] | undefined {
    let found: readonly [number, number] | undefined;
    let threads: Thread[] = [];
    let before = from === 0 ? 0 : beforeOf(codeBefore(text, from));
    for (let index = from; ;) {
      const code = index < text.length ? text.codePointAt(index)! : END;
      if (!found) threads.push({ place: 0, start: index });
      else if (threads.length === 0) return found;
      const { ended, waiting } = this.#followThreads(threads, before, code);
      if (ended !== undefined) found = [ended, index];
      if (code === END) return found;
      const width = code > 0xffff ? 2 : 1;
      threads = waiting.flatMap(({ place, start }) => {
        const instruction = this.#program[place]! as Instruction & { op: "chars" };
        return instruction.set.has(code) ? [{ place: instruction.next, start }] : [];
      });
      before = beforeOf(code);
      index += width;
    }
  }

  /** In order of preference; what comes after a match is given up. */
  #followThreads(
    threads: readonly Thread[],
    before: Before,
    next: number,
  ): { readonly ended: number | undefined; readonly waiting: readonly Thread[] } {
    const seen = new Set<number>();
    const waiting: Thread[] = [];
    const stack = threads.toReversed();
    for (let thread = stack.pop(); thread !== undefined; thread = stack.pop()) {
      const { place, start } = thread;
      if (seen.has(place)) continue;
      seen.add(place);
      const instruction = this.#program[place]!;
      if (instruction.op === "match") return { ended: start, waiting };
      if (instruction.op === "split")
        stack.push({ place: instruction.second, start }, { place: instruction.first, start });
      else if (instruction.op === "chars") waiting.push(thread);
      else if (holds(instruction.assertion, before, next)) stack.push({ place: instruction.next, start });
    }
    return { ended: undefined, waiting };
  }

  /** Matches that do not overlap, at most `max` of them. */
  findAll(text: string, max = Infinity): readonly string[] {
    const found: string[] = [];
    let from = 0;
    let lastEnd = -1;
    while (found.length < max && from <= text.length) {
      const match = this.find(text, from);
      if (!match) break;
      const [start, end] = match;
      // An empty match right behind the one before is none.
      if (end > start || start !== lastEnd) found.push(text.slice(start, end));
      lastEnd = end;
      from = end > start ? end : end + (text.codePointAt(end)! > 0xffff ? 2 : 1);
    }
    return found;
  }
}

interface Thread {
  readonly place: number;
  readonly start: number;
}

function codeBefore(text: string, index: number): number {
  const low = text.charCodeAt(index - 1);
  return low >= 0xdc00 && low <= 0xdfff && index > 1 ? text.codePointAt(index - 2)! : low;
}

const compiled = new Map<string, Regexp>();

/** The compiled pattern, kept for the next time. Throws `PatternError`. */
export function regexp(source: string): Regexp {
  let known = compiled.get(source);
  if (!known) {
    known = new Regexp(source);
    if (compiled.size >= PATTERNS_MAX) compiled.clear();
    compiled.set(source, known);
  }
  return known;
}
