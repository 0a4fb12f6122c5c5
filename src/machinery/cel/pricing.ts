/**
 * What evaluations cost, in Kubernetes' units: about 50 ns of work each. Every function has a price at run time, from
 * its arguments, and an estimate beforehand, from the largest sizes that its arguments can have.
 */
import type { Type } from "./types.ts";
import { CelMap, isError, List, Opaque, sizeOf, type Result, type Value } from "./values.ts";

/** A cost or a size between bounds. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Stands for "any number": the largest 64-bit one. */
export const UNBOUNDED = 2 ** 64;

const capped = (value: number): number => Math.min(value, UNBOUNDED);

export const range = (min: number, max: number): Range => ({ min, max });
export const exactly = (value: number): Range => ({ min: value, max: value });
export const ANY_SIZE = range(0, UNBOUNDED);

export const plus = (a: Range, b: Range): Range => range(capped(a.min + b.min), capped(a.max + b.max));
export const times = (a: Range, b: Range): Range => range(capped(a.min * b.min), capped(a.max * b.max));
/** Rounded up. */
export const scaled = ({ min, max }: Range, factor: number): Range =>
  range(capped(Math.ceil(min * factor)), capped(Math.ceil(max * factor)));
export const union = (a: Range, b: Range): Range => range(Math.min(a.min, b.min), Math.max(a.max, b.max));

/** Reading a text once costs this per character. */
export const PER_CHARACTER = 0.1;
/** A pattern of this many characters' inverse counts as one expression. */
const PER_PATTERN_CHARACTER = 0.25;

/** An argument as the estimate sees it. */
export interface Sized {
  readonly size: Range;
  readonly type: Type;
  /** Of one element, where it is a list. */
  readonly elementSize: Range;
}

export interface Estimate {
  readonly cost: Range;
  /** Of the result, where that follows from the arguments. */
  readonly size?: Range;
}

export interface Pricing {
  /** Known before the call, so that what costs too much does not begin. */
  readonly run: (args: readonly Value[]) => number;
  readonly estimate: (args: readonly Sized[]) => Estimate;
}

/** The cost of what takes no longer for larger arguments. */
export const fixed = (cost: number): Pricing => ({
  run: () => cost,
  estimate: () => ({ cost: exactly(cost) }),
});
export const CONSTANT = fixed(1);

const lengthOf = (value: Value | undefined): number => (value === undefined ? 1 : pricedSize(value));

/** The size that prices go by: 1 for what has none. Texts count in UTF-16 units, which is known without a look. */
export function pricedSize(value: Value): number {
  if (typeof value === "string") return value.length;
  return value instanceof Opaque ? value.pricedSize : (sizeOf(value) ?? 1);
}

/** Reads the text of one argument, this many times. */
export const readsText = (argument = 0, readings = 1): Pricing => ({
  run: (args) => Math.ceil(lengthOf(args[argument]) * readings * PER_CHARACTER),
  estimate: (args) => ({ cost: scaled(args[argument]!.size, readings * PER_CHARACTER) }),
});

/** Makes a text as long as the one it reads. */
export const copiesText: Pricing = {
  run: readsText().run,
  estimate: (args) => ({ ...readsText().estimate(args), size: args[0]!.size }),
};

/** Text to bytes, at most four for each character. */
export const encodesText: Pricing = {
  run: readsText().run,
  estimate: (args) => {
    const { min, max } = args[0]!.size;
    return { ...readsText().estimate(args), size: range(min, capped(max * 4)) };
  },
};

export const decodesText: Pricing = {
  run: readsText().run,
  estimate: (args) => {
    const { min, max } = args[0]!.size;
    return { ...readsText().estimate(args), size: range(Math.floor(min / 4), max) };
  },
};

/** Two quotes, and every character may become two. */
export const quotesText: Pricing = {
  run: readsText().run,
  estimate: (args) => {
    const { min, max } = args[0]!.size;
    return { ...readsText().estimate(args), size: range(min + 2, capped(max * 2 + 2)) };
  },
};

export const splitsText: Pricing = {
  run: readsText(0, 2).run,
  estimate: (args) => ({ ...readsText(0, 2).estimate(args), size: range(0, args[0]!.size.max) }),
};

export const replacesText: Pricing = {
  run: readsText(0, 2).run,
  estimate: (args) => ({
    ...readsText(0, 2).estimate(args),
    size: replacedSize(args[0]!.size, args[1]!.size, args[2]!.size),
  }),
};

/** How long a text can be after its replacements. */
function replacedSize(text: Range, old: Range, made: Range): Range {
  let [longest, shortest] = [text.max, text.min];
  if (old.min === 0) longest = text.max + (text.max + 1) * made.max;
  else if (made.max > old.min) longest = Math.ceil(text.max / old.min) * made.max;
  if (old.max === 0) shortest = text.min + (text.min + 1) * made.min;
  else if (old.max > made.min) shortest = Math.ceil(text.min / old.max) * made.min;
  return range(capped(shortest), capped(longest));
}

export const joinsTexts: Pricing = {
  run: (args) => {
    const list = args[0]!;
    const separators = (lengthOf(list) - 1) * (args[1] === undefined ? 0 : lengthOf(args[1]));
    return Math.ceil((textLength(list) + Math.max(separators, 0)) * 2 * PER_CHARACTER);
  },
  estimate: (args) => {
    const list = args[0]!;
    const separators = range(Math.max(list.size.min - 1, 0), Math.max(list.size.max - 1, 0));
    const separated = args[1] ? times(args[1].size, separators) : exactly(0);
    const size = plus(times(list.size, list.elementSize), separated);
    return { cost: scaled(size, PER_CHARACTER), size };
  },
};

const patternRun = (args: readonly Value[]): number =>
  Math.ceil((1 + lengthOf(args[0])) * PER_CHARACTER) * Math.ceil(lengthOf(args[1]) * PER_PATTERN_CHARACTER);

const patternCost = (args: readonly Sized[]): Range =>
  times(scaled(plus(args[0]!.size, exactly(1)), PER_CHARACTER), scaled(args[1]!.size, PER_PATTERN_CHARACTER));

/** `matches`. */
export const matchesPattern: Pricing = { run: patternRun, estimate: (args) => ({ cost: patternCost(args) }) };

/** `find`, `findAll`. */
export const findsPattern: Pricing = {
  run: patternRun,
  estimate: (args) => ({ cost: patternCost(args), size: range(0, args[0]!.size.max) }),
};

/** `contains`: one text in the other. */
export const searchesText: Pricing = {
  run: (args) => Math.ceil(lengthOf(args[0]) * PER_CHARACTER) * Math.ceil(lengthOf(args[1]) * PER_CHARACTER),
  estimate: (args) => ({
    cost: times(scaled(args[0]!.size, PER_CHARACTER), scaled(args[1]!.size, PER_CHARACTER)),
  }),
};

/** `==`, and `<` on texts: as long as the shorter of the two. */
export const comparesTwo: Pricing = {
  run: (args) => Math.ceil(Math.min(lengthOf(args[0]), lengthOf(args[1])) * PER_CHARACTER),
  estimate: (args) => {
    if (args[0]!.type.kind === "opaque") return { cost: exactly(1) };
    const max = Math.min(args[0]!.size.max, args[1]!.size.max);
    return { cost: scaled(range(max > 0 ? 1 : 0, max), PER_CHARACTER) };
  },
};

/** `x in list`. */
export const searchesList: Pricing = {
  run: (args) => lengthOf(args[1]),
  estimate: (args) => ({ cost: args[1]!.size }),
};

/** `+` on texts and bytes. */
export const concatenatesTexts: Pricing = {
  run: (args) => Math.ceil((lengthOf(args[0]) + lengthOf(args[1])) * PER_CHARACTER),
  estimate: (args) => {
    const size = plus(args[0]!.size, args[1]!.size);
    return { cost: scaled(size, PER_CHARACTER), size };
  },
};

/** `+` on lists. */
export const concatenatesLists: Pricing = {
  run: () => 1,
  estimate: (args) => ({ cost: exactly(1), size: plus(args[0]!.size, args[1]!.size) }),
};

/** Every element with every element. */
export const comparesSets = (readings: number): Pricing => ({
  run: (args) => lengthOf(args[0]) * lengthOf(args[1]) * readings + 1,
  estimate: (args) => ({
    cost: plus(scaled(times(args[0]!.size, args[1]!.size), readings), exactly(1)),
  }),
});

/** Goes through a list once. */
export const traversesList: Pricing = {
  run: (args) => traversal(args[0]!),
  estimate: ([list]) => {
    const element = list!.type.kind === "list" ? list!.type.element.kind : undefined;
    const texts = element === "string" || element === "bytes";
    const each = texts ? plus(exactly(1), scaled(list!.elementSize, PER_CHARACTER)) : exactly(1);
    return { cost: times(list!.size, each) };
  },
};

/** `indexOf` of a text. */
export const traversesText: Pricing = {
  run: (args) => traversal(args[0]!),
  estimate: readsText().estimate,
};

/** Longer lists cost their length at least, which nobody can pay: no look at their elements is needed. */
const TRAVERSED_MAX = 10_000_000;

/** All characters of the texts inside. */
function textLength(value: Value): number {
  if (typeof value === "string" || value instanceof Uint8Array) return value.length;
  if (value instanceof List && value.size > TRAVERSED_MAX) return value.size;
  if (!(value instanceof List || value instanceof CelMap)) return 1;
  let length = 0;
  if (value instanceof List) {
    for (let index = 0; index < value.size; index += 1) length += textLengthOf(value.at(index));
  } else {
    for (const key of value.keys()) length += textLength(key) + textLengthOf(value.get(key)!);
  }
  return length;
}

const textLengthOf = (value: Result): number => (isValue(value) ? textLength(value) : 1);

/** A text and all that is put into it. */
export const formatsText: Pricing = {
  run: (args) => Math.ceil((lengthOf(args[0]) + textLength(args[1]!)) * PER_CHARACTER),
  estimate: readsText().estimate,
};

/** Counts characters, which is quick but not free. */
const PER_COUNTED_CHARACTER = 0.02;
export const countsCharacters: Pricing = {
  run: (args) => Math.max(1, Math.ceil(lengthOf(args[0]) * PER_COUNTED_CHARACTER)),
  estimate: () => ({ cost: exactly(1) }),
};

function traversal(value: Value): number {
  if (value instanceof List && value.size > TRAVERSED_MAX) return value.size;
  if (typeof value === "string" || value instanceof Uint8Array)
    return Math.floor(value.length * PER_CHARACTER);
  let cost = 0;
  if (value instanceof List) {
    for (let index = 0; index < value.size; index += 1) cost += traversed(value.at(index));
    return cost;
  }
  if (!(value instanceof CelMap)) return 1;
  for (const key of value.keys()) cost += traversal(key) + traversed(value.get(key)!);
  return cost;
}

const traversed = (value: Result): number => (isValue(value) ? traversal(value) : 1);
const isValue = (value: Result): value is Value => !isError(value);

/** An address against a range: 4 to 16 bytes on each side, and the text where the other is one. */
export const containsAddress = (asText: boolean, masks: boolean): Pricing => ({
  run: (args) => {
    const bytes = lengthOf(args[0]);
    const compared = Math.ceil(2 * bytes * PER_CHARACTER);
    const masked = masks ? Math.ceil(bytes * PER_CHARACTER) + 1 : 0;
    return compared + masked + (asText ? Math.ceil(lengthOf(args[1]) * PER_CHARACTER) : 0);
  },
  estimate: (args) => {
    const bytes = range(4, 16);
    let cost = scaled(plus(bytes, bytes), PER_CHARACTER);
    if (masks) cost = plus(plus(cost, scaled(bytes, PER_CHARACTER)), exactly(1));
    if (asText) cost = plus(cost, scaled(args[1]!.size, PER_CHARACTER));
    return { cost };
  },
});

/** No format's pattern is longer. Characters. */
const FORMAT_PATTERN_MAX = 128;

/** A named format reads the text by a pattern. */
export const checksFormat = (patternLength: (format: Value) => number): Pricing => ({
  run: (args) =>
    Math.ceil((1 + lengthOf(args[1])) * PER_CHARACTER) *
    Math.ceil(Math.min(patternLength(args[0]!), FORMAT_PATTERN_MAX) * PER_PATTERN_CHARACTER),
  estimate: (args) => ({
    cost: times(
      scaled(plus(args[1]!.size, exactly(1)), PER_CHARACTER),
      exactly(FORMAT_PATTERN_MAX * PER_PATTERN_CHARACTER),
    ),
  }),
});

const SELECTOR_BASE = 10;
/** A requirement is at least two characters long, and costs this much. */
const PER_REQUIREMENT = 50;
const selectorCost = (length: number): number =>
  SELECTOR_BASE + Math.ceil(length / 2) * PER_REQUIREMENT + Math.ceil(length * PER_CHARACTER);

/** Reads a selector, requirement by requirement. */
export const readsSelector: Pricing = {
  run: (args) => selectorCost(lengthOf(args[1])),
  estimate: (args) => {
    const { min, max } = args[1]!.size;
    return { cost: range(selectorCost(min), capped(selectorCost(max))) };
  },
};
