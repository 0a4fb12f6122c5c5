/** From a query's packet to its answer's: the cluster's own names at once, others by asking further. */
import type { Random } from "#base/random";
import { type Forwarder, writeForwarded } from "./forward/forwarder.ts";
import { type Answer, codeAnswer, encodeAnswer, writeAnswer, writeFormatError } from "./wire/answer.ts";
import { labelsOf, type Query, readQuery } from "./wire/query.ts";
import { encodeName, type ResourceRecord } from "./wire/records.ts";
import { CLASS, EDNS_BYTES_MAX, HEADER_BYTES, RCODE, TYPE } from "./wire/types.ts";
import type { ClusterZone, ZoneAnswer } from "./zone/cluster-zone.ts";

/** Answers kept ready; more are worked out anew. */
const ANSWERS_MAX = 50_000;
const TCP_BYTES_MAX = 65_535;

const FORMAT_ERROR = codeAnswer(RCODE.FORMERR);
const NOT_IMPLEMENTED = codeAnswer(RCODE.NOTIMP);
const REFUSED = codeAnswer(RCODE.REFUSED);
const SERVER_FAILURE = codeAnswer(RCODE.SERVFAIL);
const BAD_VERSION = codeAnswer(RCODE.BADVERS);

/** Counts, for metrics. */
export interface ResolverCounts {
  queries: number;
  forwarded: number;
}

interface Ready {
  readonly answer: Answer;
  readonly service: { version: number };
  readonly version: number;
}

export class Resolver {
  readonly counts: ResolverCounts = { queries: 0, forwarded: 0 };
  readonly #zone: ClusterZone;
  readonly #forwarder: Forwarder;
  readonly #random: Random;
  readonly #ready = new Map<string, Ready>();
  /** A Service's version grows with every change of it or its endpoints, which makes its kept answers worthless. */
  readonly #services = new Map<string, { version: number }>();
  #turn = 0;

  constructor(zone: ClusterZone, forwarder: Forwarder, random: Random) {
    this.#zone = zone;
    this.#forwarder = forwarder;
    this.#random = random;
  }

  /** The Service (`namespace/name`) or its endpoints changed. */
  changed(service: string): void {
    const known = this.#services.get(service);
    if (!known) return;
    known.version++;
    this.#services.delete(service);
  }

  /** The answer's packet; undefined when there is to be none. */
  answer(packet: Buffer, over: "udp" | "tcp"): Buffer | undefined | Promise<Buffer | undefined> {
    this.counts.queries++;
    const query = readQuery(packet);
    if (query === "ignore") return undefined;
    if (query === "format-error") return writeFormatError(packet);
    const bytesMax = over === "tcp" ? TCP_BYTES_MAX : Math.min(query.bytesMax, EDNS_BYTES_MAX);
    const refusal = refusalOf(query);
    if (refusal) return writeAnswer(packet, query, refusal, bytesMax, 0);
    const ready = this.#ready.get(query.key);
    if (ready && ready.version === ready.service.version) {
      return writeAnswer(packet, query, ready.answer, bytesMax, this.#turn++);
    }
    return this.#resolve(packet, query, bytesMax);
  }

  #resolve(packet: Buffer, query: Query, bytesMax: number): Buffer | Promise<Buffer | undefined> {
    const found = this.#zone.resolve(labelsOf(query.key), query.type);
    switch (found.kind) {
      case "answer":
        this.#keep(query.key, found);
        return writeAnswer(packet, query, found.answer, bytesMax, this.#random.below(64));
      case "alias":
        return this.#follow(packet, query, found, bytesMax);
      case "elsewhere":
        return this.#forward(packet, query, bytesMax);
    }
  }

  #keep(key: string, { answer, service: name }: Extract<ZoneAnswer, { kind: "answer" }>): void {
    if (name === undefined) return;
    let service = this.#services.get(name);
    if (!service) this.#services.set(name, (service = { version: 0 }));
    if (this.#ready.size >= ANSWERS_MAX) this.#ready.clear();
    this.#ready.set(key, { answer, service, version: service.version });
  }

  async #forward(packet: Buffer, query: Query, bytesMax: number): Promise<Buffer | undefined> {
    const answer = (code: Answer) => writeAnswer(packet, query, code, bytesMax, 0);
    if (!this.#forwarder.hasUpstreams) return answer(REFUSED);
    this.counts.forwarded++;
    const forwarded = await this.#forwarder.ask(packet, query);
    return forwarded ? writeForwarded(packet, query, forwarded, bytesMax) : answer(SERVER_FAILURE);
  }

  /** Clients take the alias's target from the same answer: they do not ask for it themselves. */
  async #follow(
    packet: Buffer,
    query: Query,
    { record, target }: Extract<ZoneAnswer, { kind: "alias" }>,
    bytesMax: number,
  ): Promise<Buffer | undefined> {
    const answers: ResourceRecord[] = [record];
    if (query.type !== TYPE.CNAME && query.type !== TYPE.ANY)
      answers.push(...(await this.#recordsOf(target, query)));
    return writeAnswer(packet, query, encodeAnswer({ rcode: RCODE.NOERROR, answers }), bytesMax, 0);
  }

  async #recordsOf(name: string, { type }: Query): Promise<readonly ResourceRecord[]> {
    const question = questionFor(name, type);
    if (!question) return [];
    const query = readQuery(question);
    if (typeof query === "string") return [];
    const found = this.#zone.resolve(labelsOf(query.key), type);
    // An alias of an alias within the cluster could lead back to the first.
    if (found.kind === "alias") return [];
    if (found.kind === "answer")
      return recordsIn(writeAnswer(question, query, found.answer, TCP_BYTES_MAX, 0), name, type);
    if (!this.#forwarder.hasUpstreams) return [];
    const forwarded = await this.#forwarder.ask(question, query);
    return forwarded ? recordsIn(forwarded.packet, name, type) : [];
  }
}

function refusalOf(query: Query): Answer | undefined {
  if (query.edns && query.edns.version !== 0) return BAD_VERSION;
  if (query.opcode !== 0) return NOT_IMPLEMENTED;
  if (query.type === TYPE.OPT) return FORMAT_ERROR;
  return query.class === CLASS.IN || query.class === CLASS.ANY ? undefined : REFUSED;
}

function questionFor(name: string, type: number): Buffer | undefined {
  let encoded: Buffer;
  try {
    encoded = encodeName(name);
  } catch {
    return undefined; // What a Service names may be no domain name at all.
  }
  const question = Buffer.alloc(HEADER_BYTES + encoded.length + 4);
  question.writeUInt16BE(0x0100, 2);
  question.writeUInt16BE(1, 4);
  encoded.copy(question, HEADER_BYTES);
  question.writeUInt16BE(type, HEADER_BYTES + encoded.length);
  question.writeUInt16BE(CLASS.IN, HEADER_BYTES + encoded.length + 2);
  return question;
}

/** The records of the type, and the aliases that lead to them, out of the answer section. */
function recordsIn(packet: Buffer, name: string, type: number): readonly ResourceRecord[] {
  const records: ResourceRecord[] = [];
  let at = nameAt(packet, HEADER_BYTES).end + 4;
  for (let count = packet.readUInt16BE(6); count > 0; count--) {
    const owner = nameAt(packet, at);
    const found = packet.readUInt16BE(owner.end);
    const dataStart = owner.end + 10;
    const dataEnd = dataStart + packet.readUInt16BE(owner.end + 8);
    const ttlSeconds = packet.readUInt32BE(owner.end + 4);
    if (found === TYPE.CNAME) {
      records.push({
        name: owner.name || name,
        type: found,
        ttlSeconds,
        data: encodeName(nameAt(packet, dataStart).name),
      });
    } else if (found === type) {
      records.push({
        name: owner.name || name,
        type,
        ttlSeconds,
        data: Buffer.from(packet.subarray(dataStart, dataEnd)),
      });
    }
    at = dataEnd;
  }
  return records;
}

const JUMPS_MAX = 64;

function nameAt(packet: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  for (let jumps = 0; jumps < JUMPS_MAX;) {
    const length = packet.readUInt8(at);
    if (length === 0) return { name: labels.join(".").toLowerCase(), end: end ?? at + 1 };
    if (length >= 0xc0) {
      end ??= at + 2;
      at = packet.readUInt16BE(at) & 0x3fff;
      jumps++;
    } else {
      labels.push(packet.toString("latin1", at + 1, at + 1 + length));
      at += length + 1;
    }
  }
  throw new RangeError("a name points in circles");
}
