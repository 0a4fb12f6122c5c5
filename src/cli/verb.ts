import type { Io } from "./io.ts";

/** One option with the line of help that explains it. */
export interface Option {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** May be given several times. */
  readonly multiple?: boolean;
  /** The value that a text option has when it is given without one: `--dry-run`. A value then needs `=`. */
  readonly bare?: string;
  /** What the value is, in help: `N`, `NAME`, `DIR`. */
  readonly value?: string;
  readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;

export interface Arguments {
  /** Words that are no options, in order; without those after `--`. */
  readonly positionals: readonly string[];
  /** Words after `--`; undefined when there is none. */
  readonly rest: readonly string[] | undefined;
  text(option: string): string | undefined;
  list(option: string): readonly string[];
  /** Is it on? `otherwise` when it is not given. */
  flag(option: string, otherwise?: boolean): boolean;
}

/** A command of the program. */
export interface Verb {
  readonly usage: string;
  readonly summary: string;
  readonly options: Options;
  /** It watches `io.signal` and ends by itself; others are ended at once. */
  readonly endsItself?: boolean;
  /** Gives the exit code: 0 done, 1 failed, 2 not understood. */
  run(args: Arguments, io: Io): Promise<number>;
}

/** Commands by name. Each is loaded when it is asked for, so that none makes the others slow. */
export interface VerbTable {
  /** How the table is called, with the words before: `k8ts kubectl`. */
  readonly name: string;
  readonly summary: string;
  readonly verbs: Readonly<Record<string, VerbEntry>>;
  /** Options of every verb in it. They may also stand before the verb. */
  readonly shared?: Options;
  /** Does the work where options stand in place of a verb: `create -f FILE`. */
  otherwise?(): Promise<Verb>;
  /** More lines for the help. */
  readonly notes?: readonly string[];
}

export interface VerbEntry {
  readonly summary: string;
  /** Not listed in the help, for what the program starts itself. */
  readonly hidden?: boolean;
  load(): Promise<Verb | VerbTable>;
}

/** A mistake of the caller's: printed as it is, without a stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Ends the command with this code; all was said already. */
export class Exit extends Error {
  override readonly name = "Exit";
  readonly code: number;
  constructor(code: number) {
    super(`exit code ${code}`);
    this.code = code;
  }
}

export const isTable = (found: Verb | VerbTable): found is VerbTable => "verbs" in found;
