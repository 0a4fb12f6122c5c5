/** The macros over ranges, as loops. What a round costs is what upstream's expansion of the macro costs. */
import type { Fold } from "./ast.ts";
import type { Compiler } from "./compiler.ts";
import { type Code, type Frame, LIST_COST, MAP_COST, spend } from "./frame.ts";
import {
  ArrayList,
  CelError,
  CelMap,
  isError,
  List,
  LiteralMap,
  noSuchOverload,
  type Result,
  type Value,
} from "./values.ts";

/** One round of a loop. `undefined` means: go on. */
type Round = (frame: Frame, key: Value) => Result | undefined;

interface Slots {
  readonly first: number;
  /** Undefined with one variable. */
  readonly second: number | undefined;
}

/** Goes through the range with the macro's variables set; ends with what a round answers. */
function walk(frame: Frame, range: Value, { first, second }: Slots, round: Round): Result | undefined {
  const { slots } = frame;
  if (range instanceof List) {
    for (let index = 0; index < range.size; index += 1) {
      const key = BigInt(index);
      if (second === undefined) slots[first] = range.at(index);
      else {
        slots[first] = key;
        slots[second] = range.at(index);
      }
      const ended = round(frame, key);
      if (ended !== undefined) return ended;
    }
    return undefined;
  }
  if (!(range instanceof CelMap)) return noSuchOverload;
  for (const key of range.keys()) {
    slots[first] = key;
    if (second !== undefined) slots[second] = range.get(key)!;
    const ended = round(frame, key);
    if (ended !== undefined) return ended;
  }
  return undefined;
}

export function compileFold(compiler: Compiler, node: Fold): Code {
  const range = compiler.compile(node.range);
  const [first, second] = node.locals!.map((local) => compiler.slotOf(local));
  const slots = { first: first!, second };
  const filter = node.filter && compiler.compile(node.filter);
  const body = compiler.compile(node.body);
  const run = loop(node.macro, slots, filter, body);
  return (frame) => {
    const value = range(frame);
    return isError(value) ? value : run(frame, value);
  };
}

type Loop = (frame: Frame, range: Value) => Result;

function loop(macro: Fold["macro"], slots: Slots, filter: Code | undefined, body: Code): Loop {
  switch (macro) {
    case "all":
      return quantifier(slots, body, false);
    case "exists":
      return quantifier(slots, body, true);
    case "existsOne":
      return existsOne(slots, body);
    case "filter":
      return filtered(slots, body);
    case "transformMap":
    case "transformMapEntry":
      return collectMap(slots, filter, body, macro === "transformMapEntry");
    default:
      return collectList(slots, filter, body);
  }
}

/** `all` ends with the first false, `exists` with the first true; errors count only when neither comes. */
function quantifier(slots: Slots, body: Code, decisive: boolean): Loop {
  const perRound = decisive ? 4 : 3;
  return (frame, range) => {
    let failed: CelError | undefined;
    const ended = walk(frame, range, slots, (frame) => {
      spend(frame, perRound);
      const value = body(frame);
      if (value === decisive) return decisive;
      if (value !== !decisive) failed ??= isError(value) ? value : noSuchOverload;
      return undefined;
    });
    frame.cost += 1;
    return ended ?? failed ?? !decisive;
  };
}

function existsOne(slots: Slots, body: Code): Loop {
  return (frame, range) => {
    let count = 0;
    const ended = walk(frame, range, slots, (frame) => {
      spend(frame, 1);
      const value = body(frame);
      if (value === true) {
        count += 1;
        frame.cost += 1;
      } else if (value !== false) return isError(value) ? value : noSuchOverload;
      return undefined;
    });
    frame.cost += 2;
    return ended ?? count === 1;
  };
}

function filtered(slots: Slots, body: Code): Loop {
  const kept = slots.second ?? slots.first;
  return (frame, range) => {
    spend(frame, LIST_COST);
    const items: Value[] = [];
    const ended = walk(frame, range, slots, (frame) => {
      const value = body(frame);
      spend(frame, value === true ? LIST_COST + 3 : 1);
      if (value === true) {
        const item = frame.slots[kept]!;
        if (isError(item)) return item;
        items.push(item);
      } else if (value !== false) return isError(value) ? value : noSuchOverload;
      return undefined;
    });
    frame.cost += 1;
    return ended ?? new ArrayList(items);
  };
}

/** Is the round's element wanted? An error ends the loop. */
function wanted(frame: Frame, filter: Code | undefined): boolean | CelError {
  if (!filter) return true;
  const value = filter(frame);
  if (value === true) return true;
  if (value !== false) return isError(value) ? value : noSuchOverload;
  spend(frame, 1);
  return false;
}

function collectList(slots: Slots, filter: Code | undefined, body: Code): Loop {
  return (frame, range) => {
    spend(frame, LIST_COST);
    const items: Value[] = [];
    const ended = walk(frame, range, slots, (frame) => {
      const take = wanted(frame, filter);
      if (take !== true) return take === false ? undefined : take;
      const value = body(frame);
      if (isError(value)) return value;
      spend(frame, LIST_COST + 2);
      items.push(value);
      return undefined;
    });
    frame.cost += 1;
    return ended ?? new ArrayList(items);
  };
}

function collectMap(slots: Slots, filter: Code | undefined, body: Code, entries: boolean): Loop {
  return (frame, range) => {
    spend(frame, MAP_COST);
    const map = new LiteralMap();
    const ended = walk(frame, range, slots, (frame, key) => {
      const take = wanted(frame, filter);
      if (take !== true) return take === false ? undefined : take;
      const value = body(frame);
      if (isError(value)) return value;
      spend(frame, entries ? 2 : 3);
      if (!entries) return insert(map, key, value);
      return value instanceof CelMap ? insertAll(map, value) : noSuchOverload;
    });
    frame.cost += 1;
    return ended ?? map;
  };
}

const insert = (map: LiteralMap, key: Value, value: Value): CelError | undefined =>
  map.add(key, value) ? undefined : new CelError(`insert failed: key ${String(key)} already exists`);

function insertAll(map: LiteralMap, entries: CelMap): CelError | undefined {
  for (const key of entries.keys()) {
    const value = entries.get(key)!;
    const failed = isError(value) ? value : insert(map, key, value);
    if (failed) return failed;
  }
  return undefined;
}
