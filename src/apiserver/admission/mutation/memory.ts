import type { AnyObject } from "#machinery/schema";
import { sameJson } from "#machinery/same-json";
import type { AdmissionRounds } from "../../contracts.ts";

/** What has happened to those that change objects, in the rounds of one request. */
export class Memory {
  /** Of those that want to see changes behind them: those that were called since the last change. */
  readonly called = new Set<string>();
  /** Those to call once more. */
  readonly woken = new Set<string>();
  output: AnyObject | undefined;

  wakeAll(): void {
    for (const id of this.called) this.woken.add(id);
    this.called.clear();
  }
}

/** The memory of the plugin with this name. */
export function memoryOf(rounds: AdmissionRounds | undefined, name: string): Memory {
  const known = rounds?.notes.get(name);
  if (known instanceof Memory) return known;
  const made = new Memory();
  rounds?.notes.set(name, made);
  return made;
}

export const isChanged = (before: unknown, after: unknown): boolean => !sameJson(before, after);
