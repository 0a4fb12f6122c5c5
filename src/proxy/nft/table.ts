/** What the table of one family holds, and the commands that lead from there to what is wanted. */
import type { IpFamily } from "#base/ip";
import type { ServicePort } from "../model.ts";
import { type Arrangement, elementParts, type Elements, elementsOf } from "./elements.ts";
import {
  chainName,
  type ChainShape,
  dispatchChain,
  layout,
  type LayoutOptions,
  type MapName,
  nftFamily,
  serviceRanges,
  SETS,
} from "./layout.ts";

/** Elements named by one command: keeps lines, and what nft repeats in an error, within reason. */
const ELEMENTS_PER_COMMAND = 1_000;

interface HeldService {
  readonly wanted: Elements;
  readonly arrangement: Arrangement;
}

/**
 * The wanted state of one table. Services are set one by one; `flush` gives the commands for everything that changed
 * since. When two Services claim the same address and port, the one that came first has it until it lets go.
 */
export class ServiceTable {
  #options: LayoutOptions;
  #rangesChanged = false;
  readonly #services = new Map<string, HeldService>();
  /** By element: the Service whose word counts. */
  readonly #owners = new Map<string, string>();
  /** Other Services that want the same element, first come first. */
  readonly #waiting = new Map<string, string[]>();
  /** What is in the kernel, or will be after the commands given out so far. */
  readonly #held = new Map<string, string>();
  readonly #touched = new Set<string>();
  readonly #wantedChains = new Map<string, ChainShape>();
  readonly #heldChains = new Set<string>();

  constructor(options: LayoutOptions) {
    this.#options = options;
  }

  get family(): IpFamily {
    return this.#options.family;
  }

  /** How many elements are wanted. */
  get size(): number {
    return this.#owners.size;
  }

  /** Sets the ranges of this family that Services have; none may lie within another. */
  setServiceRanges(serviceCIDRs: readonly string[]): void {
    if (serviceCIDRs.join() === this.#options.serviceCIDRs.join()) return;
    this.#options = { ...this.#options, serviceCIDRs };
    this.#rangesChanged = true;
  }

  /** Sets what the Service wants; no ports: nothing any more. Answers with what it wanted before and wants now. */
  setService(
    service: string,
    ports: readonly ServicePort[],
  ): { readonly before: Elements; readonly after: Elements } {
    const held = this.#services.get(service);
    const arrangement: Arrangement = held?.arrangement ?? new Map();
    const after = elementsOf(this.#options.family, ports, arrangement);
    const before = held?.wanted ?? NOTHING;
    if (after.elements.size === 0) this.#services.delete(service);
    else this.#services.set(service, { wanted: after, arrangement });
    for (const id of before.elements.keys()) if (!after.elements.has(id)) this.#release(id, service);
    for (const [id, value] of after.elements) if (before.elements.get(id) !== value) this.#claim(id, service);
    for (const shape of after.chains) this.#wantedChains.set(chainName(shape), shape);
    return { before, after };
  }

  /** Commands for what changed since the last ones, as one transaction; empty when nothing did. */
  flush(): string {
    const added = new Map<MapName, string[]>();
    const removed = new Map<MapName, string[]>();
    for (const id of this.#touched) {
      const held = this.#held.get(id);
      const wanted = this.#wanted(id);
      if (held === wanted) continue;
      const { map, key } = elementParts(id);
      if (held !== undefined) listIn(removed, map).push(key);
      if (wanted === undefined) this.#held.delete(id);
      else {
        listIn(added, map).push(SETS.has(map) ? key : `${key} : ${wanted}`);
        this.#held.set(id, wanted);
      }
    }
    this.#touched.clear();
    const { table, family, serviceCIDRs } = this.#options;
    const ranges = this.#rangesChanged ? serviceRanges(table, family, serviceCIDRs) : [];
    this.#rangesChanged = false;
    const commands = [
      ...ranges,
      ...this.#newChains(),
      ...this.#commands("delete", removed),
      ...this.#commands("add", added),
    ];
    return commands.join("\n");
  }

  /** Commands that make the whole table what it should be, whatever the kernel holds; see `layout` for `anew`. */
  rewrite({ anew = false } = {}): string {
    this.#held.clear();
    this.#heldChains.clear();
    this.#rangesChanged = false;
    for (const id of this.#owners.keys()) this.#touched.add(id);
    return `${layout(this.#options, anew)}\n${this.flush()}\n`;
  }

  #wanted(id: string): string | undefined {
    const owner = this.#owners.get(id);
    return owner === undefined ? undefined : this.#services.get(owner)?.wanted.elements.get(id);
  }

  #newChains(): readonly string[] {
    const shapes = [...this.#wantedChains.values()].filter(
      (shape) => !this.#heldChains.has(chainName(shape)),
    );
    for (const shape of shapes) this.#heldChains.add(chainName(shape));
    return shapes.map((shape) => dispatchChain(this.#options.table, this.#options.family, shape));
  }

  #commands(verb: "add" | "delete", elements: ReadonlyMap<MapName, readonly string[]>): readonly string[] {
    const at = `${verb} element ${nftFamily(this.#options.family)} ${this.#options.table}`;
    const commands: string[] = [];
    for (const [map, keys] of elements) {
      for (let start = 0; start < keys.length; start += ELEMENTS_PER_COMMAND) {
        const some = keys.slice(start, start + ELEMENTS_PER_COMMAND);
        commands.push(`${at} ${map} { ${some.join(", ")} }`);
      }
    }
    return commands;
  }

  #claim(id: string, service: string): void {
    const owner = this.#owners.get(id);
    if (owner === undefined) this.#owners.set(id, service);
    else if (owner !== service) {
      const waiting = listIn(this.#waiting, id);
      if (!waiting.includes(service)) waiting.push(service);
    }
    this.#touched.add(id);
  }

  #release(id: string, service: string): void {
    const waiting = (this.#waiting.get(id) ?? []).filter((other) => other !== service);
    if (this.#owners.get(id) === service) {
      const next = waiting.shift();
      if (next === undefined) this.#owners.delete(id);
      else this.#owners.set(id, next);
      this.#touched.add(id);
    }
    if (waiting.length === 0) this.#waiting.delete(id);
    else this.#waiting.set(id, waiting);
  }
}

const NOTHING: Elements = { elements: new Map(), chains: [] };

function listIn<K>(lists: Map<K, string[]>, key: K): string[] {
  const known = lists.get(key);
  if (known) return known;
  const made: string[] = [];
  lists.set(key, made);
  return made;
}
