import type { FlowSchema } from "#api/flowcontrol-v1/flowschema";
import type { RequestInfo, User } from "../contracts.ts";
import { FlowStats } from "./flow-stats.ts";
import type { PriorityLevel } from "./priority-level.ts";
import { deal, flowHash } from "./shuffle.ts";

/** Hands remembered for one flow schema; flows beyond are dealt again. */
const HANDS_MAX = 4096;

/** One flow schema at work: its requests, told apart by user or by namespace. */
export class Flow {
  readonly schema: FlowSchema;
  readonly level: PriorityLevel;
  readonly stats: FlowStats;
  readonly #hands = new Map<string, readonly number[]>();
  #deckSize = 0;
  #handSize = 0;

  constructor(schema: FlowSchema, level: PriorityLevel, stats = new FlowStats()) {
    this.schema = schema;
    this.level = level;
    this.stats = stats;
  }

  get name(): string {
    return this.schema.metadata.name;
  }

  /** What tells this request's flow from others of the schema. */
  distinguisherOf(user: User, info: RequestInfo): string {
    const type = this.schema.spec.distinguisherMethod?.type;
    return type === "ByUser" ? user.name : type === "ByNamespace" ? info.namespace : "";
  }

  /** Indexes of the queues that the flow may use. */
  hand(distinguisher: string, deckSize: number, handSize: number): readonly number[] {
    const changed = deckSize !== this.#deckSize || handSize !== this.#handSize;
    if (changed || this.#hands.size >= HANDS_MAX) this.#hands.clear();
    this.#deckSize = deckSize;
    this.#handSize = handSize;
    let hand = this.#hands.get(distinguisher);
    if (!hand) {
      hand = deal(flowHash(this.name, distinguisher), deckSize, handSize);
      this.#hands.set(distinguisher, hand);
    }
    return hand;
  }
}
