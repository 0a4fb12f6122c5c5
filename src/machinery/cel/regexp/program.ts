/** A pattern as instructions of a machine that is in many places at once. */
import { type Assertion, type CharSet, type Pattern, PatternError } from "./syntax.ts";

export type Instruction =
  | { readonly op: "chars"; readonly set: CharSet; readonly next: number }
  | { readonly op: "assert"; readonly assertion: Assertion; readonly next: number }
  | Fork
  | { readonly op: "match" };

/** Both ways are taken; the first is preferred. */
interface Fork {
  readonly op: "split";
  first: number;
  second: number;
}

export type Program = readonly Instruction[];

/** Counted repetitions multiply; a larger program is refused. Instructions. */
const PROGRAM_MAX = 20_000;

/** Instruction 0 is the start. Throws `PatternError` when it would be too large. */
export function compilePattern(pattern: Pattern, source: string): Program {
  const assembler = new Assembler(source);
  assembler.add(pattern);
  assembler.emit({ op: "match" });
  return assembler.program;
}

/** Forks are emitted before it is known where they lead, and aimed when it is. */
class Assembler {
  readonly program: Instruction[] = [];
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  /** Where the next instruction will be. */
  get #here(): number {
    return this.program.length;
  }

  emit(instruction: Instruction): void {
    if (this.#here >= PROGRAM_MAX) throw new PatternError("expression too large", this.#source);
    this.program.push(instruction);
  }

  /** The code of this part: it goes on behind itself when it is through. */
  add(part: Pattern): void {
    switch (part.kind) {
      case "empty":
        return;
      case "chars":
        this.emit({ op: "chars", set: part.set, next: this.#here + 1 });
        return;
      case "assert":
        this.emit({ op: "assert", assertion: part.assertion, next: this.#here + 1 });
        return;
      case "concat":
        for (const each of part.parts) this.add(each);
        return;
      case "alternate":
        this.#alternate(part.parts);
        return;
      default:
        this.#repeat(part);
    }
  }

  #fork(): Fork {
    const fork: Fork = { op: "split", first: -1, second: -1 };
    this.emit(fork);
    return fork;
  }

  #alternate(parts: readonly Pattern[]): void {
    const ends: Fork[] = [];
    for (const part of parts.slice(0, -1)) {
      const fork = this.#fork();
      fork.first = this.#here;
      this.add(part);
      ends.push(this.#fork());
      fork.second = this.#here;
    }
    for (const last of parts.slice(-1)) this.add(last);
    for (const end of ends) aimBoth(end, this.#here);
  }

  #repeat({ part, min, max, greedy }: Pattern & { kind: "repeat" }): void {
    for (let count = 0; count < min; count += 1) this.add(part);
    if (max === Infinity) this.#repeatForever(part, greedy);
    else this.#repeatUpTo(part, max - min, greedy);
  }

  #repeatForever(part: Pattern, greedy: boolean): void {
    const at = this.#here;
    const fork = this.#fork();
    this.add(part);
    aimBoth(this.#fork(), at);
    aim(fork, at + 1, this.#here, greedy);
  }

  #repeatUpTo(part: Pattern, most: number, greedy: boolean): void {
    const turns: { readonly fork: Fork; readonly inside: number }[] = [];
    for (let count = 0; count < most; count += 1) {
      const fork = this.#fork();
      turns.push({ fork, inside: this.#here });
      this.add(part);
    }
    for (const { fork, inside } of turns) aim(fork, inside, this.#here, greedy);
  }
}

function aim(fork: Fork, inside: number, past: number, greedy: boolean): void {
  fork.first = greedy ? inside : past;
  fork.second = greedy ? past : inside;
}

/** A fork to one place only is a jump. */
function aimBoth(fork: Fork, target: number): void {
  fork.first = target;
  fork.second = target;
}
