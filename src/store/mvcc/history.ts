import type { Version } from "./version.ts";

type Changes = Version | readonly Version[];

/** Dropped slots are given back once there are this many, and at least half of all. */
const SLACK_SLOTS = 1024;

/** What each kept revision changed, oldest first. Most revisions change one key and need no list of their own. */
export class History {
  #slots: (Changes | undefined)[] = [];
  /** Slots in front that are no longer history. */
  #dropped = 0;
  /** The revision of the first slot, dropped ones included. */
  #base: number;

  /** Starts empty, after `revision`. */
  constructor(revision: number) {
    this.#base = revision + 1;
  }

  get oldest(): number {
    return this.#base + this.#dropped;
  }

  get newest(): number {
    return this.#base + this.#slots.length - 1;
  }

  /** The changes of the next revision. */
  append(versions: readonly Version[]): void {
    this.#slots.push(versions.length === 1 ? versions[0]! : versions);
  }

  at(revision: number): readonly Version[] {
    const changes = this.#slots[revision - this.#base];
    if (changes === undefined) return [];
    return Array.isArray(changes) ? changes : [changes as Version];
  }

  /** Forgets the oldest kept revision. */
  dropOldest(): void {
    if (this.#dropped === this.#slots.length) return;
    this.#slots[this.#dropped++] = undefined;
    if (this.#dropped < SLACK_SLOTS || this.#dropped * 2 < this.#slots.length) return;
    this.#slots = this.#slots.slice(this.#dropped);
    this.#base += this.#dropped;
    this.#dropped = 0;
  }
}
