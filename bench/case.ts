import type { FigureKey } from "./figures.ts";

/** What a benchmark gets. */
export interface Bench {
  /** How often everything is measured, one after the other in turn, so that a slow moment meets all alike. */
  readonly rounds: number;
  /** Shorter loads, for a look and not for the record. */
  readonly quick: boolean;
  note(key: FigureKey, value: number): void;
}

export interface Case {
  readonly name: string;
  run(bench: Bench): Promise<void>;
}
