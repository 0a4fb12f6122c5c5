/** Answers of other servers, kept as long as they say and within bounds. */
import type { Clock } from "#base/clock";
import type { Parsed } from "./packet.ts";

interface Kept {
  readonly packet: Buffer;
  readonly parsed: Parsed;
  readonly keptAtMs: number;
  readonly endsAtMs: number;
}

/** A day is enough for any answer, and an hour for any denial that is worth asking again for. */
const TTL_SECONDS_MAX = 86_400;
const ENTRIES_MAX = 10_000;

export class AnswerCache {
  readonly #clock: Clock;
  /** In the order of last use. */
  readonly #entries = new Map<string, Kept>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A copy whose TTLs have grown shorter by the time it was kept. */
  get(key: string): { readonly packet: Buffer; readonly parsed: Parsed } | undefined {
    const kept = this.#entries.get(key);
    if (!kept) return undefined;
    this.#entries.delete(key);
    const nowMs = this.#clock.monotonic();
    if (nowMs >= kept.endsAtMs) return undefined;
    this.#entries.set(key, kept);
    const packet = Buffer.from(kept.packet);
    const agedSeconds = Math.floor((nowMs - kept.keptAtMs) / 1_000);
    for (const offset of kept.parsed.ttlOffsets) {
      packet.writeUInt32BE(Math.max(packet.readUInt32BE(offset) - agedSeconds, 1), offset);
    }
    return { packet, parsed: kept.parsed };
  }

  set(key: string, packet: Buffer, parsed: Parsed): void {
    if (!parsed.ttlSeconds || parsed.truncated) return;
    const nowMs = this.#clock.monotonic();
    const ttlMs = Math.min(parsed.ttlSeconds, TTL_SECONDS_MAX) * 1_000;
    this.#entries.delete(key);
    this.#entries.set(key, { packet, parsed, keptAtMs: nowMs, endsAtMs: nowMs + ttlMs });
    if (this.#entries.size > ENTRIES_MAX) this.#entries.delete(this.#entries.keys().next().value!);
  }
}
