/** A pattern as instructions of a machine that is in many places at once. */
import { type Assertion, type CharSet, type Pattern, PatternError } from "./syntax.ts";

export type Instruction =
  | { readonly op: "chars"; readonly set: CharSet; next: number }
  | { readonly op: "assert"; readonly assertion: Assertion; next: number }
  /** Both ways are taken; the first is preferred. */
  | { readonly op: "split"; first: number; second: number }
  | { readonly op: "match" };

export type Program = readonly Instruction[];

/** Counted repetitions multiply; a larger program is refused. Instructions. */
const PROGRAM_MAX = 20_000;

/** Instruction 0 is the start. Throws `PatternError` when it would be too large. */
export function compilePattern(pattern: Pattern, source: string): Program {
  const program: Instruction[] = [];
  const emit = (instruction: Instruction): number => {
    if (program.length >= PROGRAM_MAX) throw new PatternError("expression too large", source);
    program.push(instruction);
    return program.length - 1;
  };
  /** Emits so that the code goes on at `program.length` when it is through. */
  const add = (part: Pattern): void => {
    switch (part.kind) {
      case "empty":
        return;
      case "chars": {
        const at = emit({ op: "chars", set: part.set, next: 0 });
        (program[at] as { next: number }).next = at + 1;
        return;
      }
      case "assert": {
        const at = emit({ op: "assert", assertion: part.assertion, next: 0 });
        (program[at] as { next: number }).next = at + 1;
        return;
      }
      case "concat":
        for (const each of part.parts) add(each);
        return;
      case "alternate":
        alternate(part.parts);
        return;
      default:
        repeat(part);
    }
  };
  const jump = (): { second: number; first: number } => {
    const at = emit({ op: "split", first: -1, second: -1 });
    return program[at] as { first: number; second: number };
  };
  const alternate = (parts: readonly Pattern[]): void => {
    const ends: { first: number; second: number }[] = [];
    for (const [index, part] of parts.entries()) {
      if (index === parts.length - 1) {
        add(part);
        break;
      }
      const fork = jump();
      fork.first = program.length;
      add(part);
      ends.push(jump());
      fork.second = program.length;
    }
    for (const end of ends) {
      end.first = program.length;
      end.second = program.length;
    }
  };
  const aim = (
    fork: { first: number; second: number },
    inside: number,
    past: number,
    greedy: boolean,
  ): void => {
    fork.first = greedy ? inside : past;
    fork.second = greedy ? past : inside;
  };
  const repeat = ({ part, min, max, greedy }: Pattern & { kind: "repeat" }): void => {
    for (let count = 0; count < min; count += 1) add(part);
    if (max === Infinity) {
      const fork = jump();
      const at = program.length - 1;
      add(part);
      const back = jump();
      back.first = at;
      back.second = at;
      aim(fork, at + 1, program.length, greedy);
      return;
    }
    const forks: { first: number; second: number }[] = [];
    const starts: number[] = [];
    for (let count = min; count < max; count += 1) {
      forks.push(jump());
      starts.push(program.length);
      add(part);
    }
    for (const [index, fork] of forks.entries()) aim(fork, starts[index]!, program.length, greedy);
  };
  add(pattern);
  emit({ op: "match" });
  return program;
}
