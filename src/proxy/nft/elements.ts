/** From ports of Services to elements of the maps in `layout.ts`. */
import type { IpFamily } from "#base/ip";
import type { Backend, ServicePort, VirtualAddress } from "../model.ts";
import { type ChainShape, chainName, type MapName, PRESERVED_OFFSET } from "./layout.ts";

/** What one Service puts into the table of one family. */
export interface Elements {
  /** By `elementId`; the value is empty for elements of sets. */
  readonly elements: ReadonlyMap<string, string>;
  readonly chains: readonly ChainShape[];
}

/** Map and key in one text. */
export const elementId = (map: MapName, key: string): string => `${map} ${key}`;

export function elementParts(id: string): { readonly map: MapName; readonly key: string } {
  const space = id.indexOf(" ");
  return { map: id.slice(0, space) as MapName, key: id.slice(space + 1) };
}

/**
 * Puts wanted items into numbered places so that as few as possible move: who stays keeps its place, newcomers and
 * the last ones fill the gaps.
 */
export function arrange(before: readonly string[], wanted: readonly string[]): readonly string[] {
  const stays = new Set(wanted);
  const places: (string | undefined)[] = before
    .slice(0, wanted.length)
    .map((item) => (stays.has(item) ? item : undefined));
  while (places.length < wanted.length) places.push(undefined);
  const placed = new Set(places);
  const homeless = wanted.filter((item) => !placed.has(item));
  let next = 0;
  return places.map((item) => item ?? homeless[next++]!);
}

/** Remembers in which order backends stand, by list; lists are named by port and use. */
export type Arrangement = Map<string, readonly string[]>;

/** The elements of one Service; `arrangement` is brought up to date. */
export function elementsOf(
  family: IpFamily,
  ports: readonly ServicePort[],
  arrangement: Arrangement,
): Elements {
  const build = new Builder(family, arrangement);
  for (const port of ports) if (port.family === family) build.port(port);
  return build.done();
}

class Builder {
  readonly #family: IpFamily;
  readonly #arrangement: Arrangement;
  readonly #elements = new Map<string, string>();
  readonly #chains = new Map<string, ChainShape>();

  constructor(family: IpFamily, arrangement: Arrangement) {
    this.#family = family;
    this.#arrangement = arrangement;
  }

  port(port: ServicePort): void {
    for (const virtual of port.addresses) {
      const key = `${virtual.address} . ${port.protocol} . ${virtual.port}`;
      if (virtual.reach === "cluster") this.#toCluster(key, port);
      else this.#toExternal(key, port, virtual);
    }
    for (const backends of [port.internal, port.external, port.preserved ?? []]) {
      for (const { address, local } of backends)
        if (local) this.#set("hairpin", `${address} . ${address}`, "");
    }
  }

  done(): Elements {
    return { elements: this.#elements, chains: [...this.#chains.values()] };
  }

  #toCluster(key: string, port: ServicePort): void {
    if (port.internal.length === 0)
      this.#set("refused", key, port.hasBackends ? "goto discard" : "goto refuse");
    else this.#set("services", key, this.#dispatch(key, port, "cluster", port.internal));
  }

  #toExternal(key: string, port: ServicePort, { allowedSources }: VirtualAddress): void {
    if (allowedSources) {
      this.#set("guarded", key, "goto sources");
      for (const range of allowedSources) this.#set("allowed", `${key} . ${range}`, "");
    }
    if (port.external.length === 0) return this.#set("refused", key, "goto refuse");
    if (!port.preserved) {
      return this.#set("services", key, this.#dispatch(key, port, "external", port.external));
    }
    this.#set("services", key, "goto policy-local");
    this.#set("inside", key, this.#dispatch(key, port, "inside", port.external));
    const outside = port.preserved.length > 0 && this.#dispatch(key, port, "preserved", port.preserved);
    this.#set("outside", key, outside || "goto discard");
  }

  /** Numbers the backends under the key; the answer is the verdict that leads to them. */
  #dispatch(key: string, port: ServicePort, use: ChainShape["use"], backends: readonly Backend[]): string {
    const list = `${port.family} ${port.id} ${port.protocol} ${use === "preserved" ? "preserved" : use === "cluster" ? "cluster" : "external"}`;
    const targets = arrange(this.#arrangement.get(list) ?? [], backends.map(targetOf));
    this.#arrangement.set(list, targets);
    const offset = use === "preserved" ? PRESERVED_OFFSET : 0;
    const marks = port.affinitySeconds === undefined ? undefined : stickyMarks(targets, use);
    for (const [index, target] of targets.entries()) {
      const numbered = `${key} . ${index + offset}`;
      if (!marks) this.#set("backends", numbered, target);
      else {
        this.#set("choices", numbered, String(marks[index]));
        this.#set("sticky", `${key} . ${marks[index]}`, target);
      }
    }
    const { affinitySeconds } = port;
    const clients =
      affinitySeconds !== undefined && this.#family === "ipv6"
        ? `clients-${hash(key).toString(16)}`
        : undefined;
    const shape = { use, backends: targets.length, affinitySeconds, clients };
    this.#chains.set(chainName(shape), shape);
    return `goto ${chainName(shape)}`;
  }

  #set(map: MapName, key: string, value: string): void {
    this.#elements.set(elementId(map, key), value);
  }
}

const targetOf = ({ address, port }: Backend): string => `${address} . ${port}`;

/**
 * A number for each target that says the same after a restart, is never 0, and differs by use, so that a client
 * kept under one traffic policy is not sent past another.
 */
function stickyMarks(targets: readonly string[], use: ChainShape["use"]): readonly number[] {
  const taken = new Set<number>();
  const kind = use === "preserved" ? "preserved" : "any";
  const marks = new Map<string, number>();
  // In an order of their own: who has to give way to whom must not depend on places.
  for (const target of targets.toSorted()) {
    let mark = hash(`${kind} ${target}`) || 1;
    while (taken.has(mark)) mark = (mark + 1) >>> 0 || 1;
    taken.add(mark);
    marks.set(target, mark);
  }
  return targets.map((target) => marks.get(target)!);
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}
