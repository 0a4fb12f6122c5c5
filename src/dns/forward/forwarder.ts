import { asError } from "#base/attempt";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Random } from "#base/random";
import type { Query } from "../wire/query.ts";
import { EDNS_BYTES_MAX, HEADER_BYTES, OPT_BYTES, TYPE } from "../wire/types.ts";
import { AnswerCache } from "./cache.ts";
import { askOverTcp, askOverUdp } from "./exchange.ts";
import { type Parsed, parseResponse } from "./packet.ts";
import type { Upstream } from "./resolv-conf.ts";

const log = logger("dns");

export interface ForwarderOptions {
  readonly upstreams: readonly Upstream[];
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

export interface Forwarded {
  readonly packet: Buffer;
  readonly parsed: Parsed;
}

const TIMEOUT_MS = 2_000;
/** Each upstream is asked at most so often for one question. */
const ROUNDS = 2;
/** Questions on their way at one moment. */
const IN_FLIGHT_MAX = 1_000;

/** Asks other servers, one after the other, and keeps what they say. The same question is on its way once. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #cache: AnswerCache;
  readonly #inFlight = new Map<string, Promise<Forwarded | undefined>>();

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#cache = new AnswerCache(options.clock);
  }

  get hasUpstreams(): boolean {
    return this.#options.upstreams.length > 0;
  }

  /** Undefined when nobody answered. The packet has no OPT record. */
  ask(packet: Buffer, query: Query): Promise<Forwarded | undefined> | Forwarded | undefined {
    const key = `${query.key}${query.edns?.dnssecOk ? 1 : 0}${query.flags & 0x0010}`;
    const kept = this.#cache.get(key);
    if (kept) return kept;
    const running = this.#inFlight.get(key);
    if (running) return running;
    if (this.#inFlight.size >= IN_FLIGHT_MAX) return undefined;
    const asking = this.#askAll(questionOf(packet, query), query.questionEnd).then((forwarded) => {
      this.#inFlight.delete(key);
      if (forwarded) this.#cache.set(key, forwarded.packet, forwarded.parsed);
      return forwarded;
    });
    this.#inFlight.set(key, asking);
    return asking;
  }

  async #askAll(question: Buffer, questionEnd: number): Promise<Forwarded | undefined> {
    const { upstreams, signal } = this.#options;
    let failure: Error | undefined;
    for (let round = 0; round < ROUNDS; round++) {
      for (const upstream of upstreams) {
        try {
          return await this.#askOne(question, questionEnd, upstream);
        } catch (error) {
          if (signal.aborted) return undefined;
          failure = asError(error);
        }
      }
    }
    if (failure) log.warn("no upstream answered", { error: failure });
    return undefined;
  }

  async #askOne(question: Buffer, questionEnd: number, upstream: Upstream): Promise<Forwarded> {
    const { clock, random, signal } = this.#options;
    const options = { clock, random, signal, timeoutMs: TIMEOUT_MS };
    const packet = await askOverUdp(question, questionEnd, upstream, options);
    const parsed = parsedOrThrow(packet);
    if (!parsed.truncated) return withoutOpt(packet, parsed);
    const whole = await askOverTcp(question, questionEnd, upstream, options);
    return withoutOpt(whole, parsedOrThrow(whole));
  }
}

function parsedOrThrow(packet: Buffer): Parsed {
  const parsed = parseResponse(packet);
  if (!parsed) throw new Error("an upstream's answer cannot be read");
  return parsed;
}

/** The question alone, with an OPT record of ours. */
function questionOf(packet: Buffer, { questionEnd, edns, flags }: Query): Buffer {
  const question = Buffer.alloc(questionEnd + OPT_BYTES);
  packet.copy(question, 0, 0, questionEnd);
  question.writeUInt16BE((flags & 0x0130) | 0x0100, 2);
  question.writeUInt16BE(1, 4);
  question.writeUInt32BE(0, 6);
  question.writeUInt16BE(1, 10);
  question.writeUInt16BE(TYPE.OPT, questionEnd + 1);
  question.writeUInt16BE(EDNS_BYTES_MAX, questionEnd + 3);
  question.writeUInt16BE(edns?.dnssecOk ? 0x8000 : 0, questionEnd + 7);
  return question;
}

/** Answers keep their OPT record at the end; elsewhere pointers into what follows would break, so such are refused. */
function withoutOpt(packet: Buffer, parsed: Parsed): Forwarded {
  if (!parsed.opt) return { packet, parsed };
  if (parsed.opt.end !== packet.length) throw new Error("an upstream's OPT record is not the last one");
  const shorter = Buffer.from(packet.subarray(0, parsed.opt.start));
  shorter.writeUInt16BE(packet.readUInt16BE(10) - 1, 10);
  return { packet: shorter, parsed: { ...parsed, opt: undefined } };
}

/** The forwarded answer as an answer to this query, cut to what fits: question and code alone, marked as truncated. */
export function writeForwarded(
  packet: Buffer,
  query: Query,
  { packet: answer, parsed }: Forwarded,
  bytesMax: number,
): Buffer {
  const optBytes = query.edns ? OPT_BYTES : 0;
  const fits = answer.length + optBytes <= bytesMax;
  const length = fits ? answer.length : parsed.questionEnd;
  const out = Buffer.alloc(length + optBytes);
  answer.copy(out, 0, 0, length);
  // The client's own number and spelling.
  packet.copy(out, 0, 0, 2);
  packet.copy(out, HEADER_BYTES, HEADER_BYTES, query.questionEnd);
  let flags = (answer.readUInt16BE(2) & 0x86bf) | (query.flags & 0x0110) | 0x0080;
  if (!fits) flags |= 0x0200;
  out.writeUInt16BE(flags, 2);
  if (!fits) out.writeUInt32BE(0, 6);
  out.writeUInt16BE((fits ? answer.readUInt16BE(10) : 0) + (query.edns ? 1 : 0), 10);
  if (query.edns) {
    out.writeUInt16BE(TYPE.OPT, length + 1);
    out.writeUInt16BE(EDNS_BYTES_MAX, length + 3);
    out.writeUInt16BE(query.edns.dnssecOk ? 0x8000 : 0, length + 7);
  }
  return out;
}
