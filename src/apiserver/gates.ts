import { GATES } from "./gate-table.ts";

export type GateStage = "Alpha" | "Beta" | "GA" | "Deprecated";

/** The feature gates of one server. */
export class FeatureGates {
  readonly #on = new Map<string, boolean>();

  /** `changed`: gates that are not at their default. Throws for unknown and for locked ones. */
  constructor(changed: Readonly<Record<string, boolean>> = {}) {
    for (const [name, [on]] of GATES) this.#on.set(name, on);
    for (const [name, on] of Object.entries(changed)) this.#change(name, on);
  }

  /** Unknown gates are off. */
  readonly enabled = (name: string): boolean => this.#on.get(name) ?? false;

  /** All gates and whether they are on, by name. */
  [Symbol.iterator](): Iterator<[string, boolean]> {
    return this.#on[Symbol.iterator]();
  }

  #change(name: string, on: boolean): void {
    const gate = GATES.get(name);
    if (!gate) throw new UnknownGate(name);
    const [standard, , locked] = gate;
    if (locked && on !== standard) throw new LockedGate(name, standard);
    this.#on.set(name, on);
  }
}

export class UnknownGate extends Error {
  override readonly name = "UnknownGate";
  constructor(gate: string) {
    super(`unrecognized feature gate: ${gate}`);
  }
}

export class LockedGate extends Error {
  override readonly name = "LockedGate";
  constructor(gate: string, standard: boolean) {
    super(`cannot set feature gate ${gate} to ${!standard}, feature is locked to ${standard}`);
  }
}
