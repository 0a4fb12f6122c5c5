import type { CancelTimer, Clock } from "#base/clock";
import { LeaseNotFound } from "../store.ts";
import type { Lease } from "./journal.ts";

interface Held {
  readonly lease: Lease;
  readonly keys: Set<string>;
  /** On the monotonic clock. */
  deadlineMs: number;
  cancel: CancelTimer;
}

/** Which leases run, until when, and which keys go with each. */
export class LeaseTable {
  readonly #held = new Map<number, Held>();
  readonly #clock: Clock;
  readonly #onExpired: (id: number) => void;

  constructor(clock: Clock, onExpired: (id: number) => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  has(id: number): boolean {
    return this.#held.has(id);
  }

  /** Starts with its whole time to live, also after a restart: too long is safe, too short is not. */
  add(lease: Lease): void {
    const held: Held = { lease, keys: new Set(), deadlineMs: 0, cancel: () => undefined };
    this.#held.set(lease.id, held);
    this.#start(held);
  }

  renew(id: number): void {
    this.#start(this.#find(id));
  }

  /** Forgets the lease; its keys are the caller's to delete. */
  remove(id: number): { readonly lease: Lease; readonly keys: readonly string[] } {
    const held = this.#find(id);
    held.cancel();
    this.#held.delete(id);
    return { lease: held.lease, keys: [...held.keys] };
  }

  attach(id: number, key: string): void {
    if (id !== 0) this.#held.get(id)?.keys.add(key);
  }

  detach(id: number, key: string): void {
    if (id !== 0) this.#held.get(id)?.keys.delete(key);
  }

  all(): Lease[] {
    return [...this.#held.values()].map(({ lease }) => lease);
  }

  close(): void {
    for (const held of this.#held.values()) held.cancel();
    this.#held.clear();
  }

  #find(id: number): Held {
    const held = this.#held.get(id);
    if (held === undefined) throw new LeaseNotFound(id);
    return held;
  }

  #start(held: Held): void {
    held.deadlineMs = this.#clock.monotonic() + held.lease.ttlSeconds * 1000;
    this.#arm(held);
  }

  #arm(held: Held): void {
    held.cancel();
    const leftMs = held.deadlineMs - this.#clock.monotonic();
    // Clocks may cap very long timers, so the deadline is looked at again when one fires.
    held.cancel = this.#clock.after(leftMs, () => {
      if (this.#clock.monotonic() < held.deadlineMs) this.#arm(held);
      else this.#onExpired(held.lease.id);
    });
  }
}
