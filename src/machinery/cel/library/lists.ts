/** Kubernetes' functions on lists, `sets` among them. */
import { add, itemsOf } from "../arithmetic.ts";
import { compare, equal } from "../equality.ts";
import { Library } from "../function-table.ts";
import { comparesSets, traversesList } from "../pricing.ts";
import {
  CelError,
  Duration,
  isError,
  type List,
  noSuchOverload,
  type Result,
  UInt,
  type Value,
} from "../values.ts";

export const lists = new Library();

const COMPARABLE = ["int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes"];

/** Sums of nothing, by element type. */
const ZEROS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["int", 0n],
  ["uint", new UInt(0n)],
  ["double", 0],
  ["duration", new Duration(0n)],
]);

function isSorted(list: List): Result {
  const items = itemsOf(list);
  if (isError(items)) return items;
  for (let index = 1; index < items.length; index += 1) {
    const order = compare(items[index - 1]!, items[index]!);
    if (order === undefined) return noSuchOverload;
    if (order > 0) return false;
  }
  return true;
}

function sumFrom(zero: Value): (list: List) => Result {
  return (list) => {
    const items = itemsOf(list);
    if (isError(items)) return items;
    let sum: Result = zero;
    for (const item of items) {
      sum = add(sum, item);
      if (isError(sum)) return sum;
    }
    return sum;
  };
}

/** The element that stands first in the order; the earlier of equals. */
function extreme(name: string, sign: 1 | -1): (list: List) => Result {
  return (list) => {
    const items = itemsOf(list);
    if (isError(items)) return items;
    let found = items[0];
    if (found === undefined) return new CelError(`${name} called on empty list`);
    for (const item of items) {
      const order = compare(item, found);
      if (order === undefined) return noSuchOverload;
      if (order * sign > 0) found = item;
    }
    return found;
  };
}

function positionOf(list: List, wanted: Value, last: boolean): Result {
  const items = itemsOf(list);
  if (isError(items)) return items;
  const matches = (item: Value): boolean => equal(item, wanted);
  return BigInt(last ? items.findLastIndex(matches) : items.findIndex(matches));
}

for (const type of COMPARABLE) {
  lists
    .add(`list(${type}).isSorted() -> bool`, isSorted, traversesList)
    .add(`list(${type}).min() -> ${type}`, extreme("min", -1), traversesList)
    .add(`list(${type}).max() -> ${type}`, extreme("max", 1), traversesList);
}
for (const [type, zero] of ZEROS) lists.add(`list(${type}).sum() -> ${type}`, sumFrom(zero), traversesList);

lists
  .add(
    "list(A).indexOf(A) -> int",
    (list: List, wanted: Value) => positionOf(list, wanted, false),
    traversesList,
  )
  .add(
    "list(A).lastIndexOf(A) -> int",
    (list: List, wanted: Value) => positionOf(list, wanted, true),
    traversesList,
  );

/** Is every element of `part` in `whole`? */
function containsAll(whole: List, part: List): boolean | CelError {
  const [items, wanted] = [itemsOf(whole), itemsOf(part)];
  if (isError(items)) return items;
  if (isError(wanted)) return wanted;
  return wanted.every((each) => items.some((item) => equal(item, each)));
}

lists
  .add("sets.contains!(list(A), list(A)) -> bool", containsAll, comparesSets(1))
  .add(
    "sets.intersects!(list(A), list(A)) -> bool",
    (a: List, b: List) => {
      const [left, right] = [itemsOf(a), itemsOf(b)];
      if (isError(left)) return left;
      if (isError(right)) return right;
      return left.some((item) => right.some((each) => equal(item, each)));
    },
    comparesSets(1),
  )
  .add(
    "sets.equivalent!(list(A), list(A)) -> bool",
    (a: List, b: List) => {
      const there = containsAll(a, b);
      return there === true ? containsAll(b, a) : there;
    },
    comparesSets(2),
  );
