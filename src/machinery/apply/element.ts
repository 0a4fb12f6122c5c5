/** The elements of field sets: `f:replicas`, `k:{"port":80}`, `v:"a"`, `i:0`, and `.` for a node itself. */
import type { JsonObject } from "../patch/merge-patch.ts";

/** The API's order: fields, items by key, values, positions; numbers by their size, and texts after them. */
export function compareElements(one: string, other: string): number {
  const kind = one[0]!;
  if (kind !== other[0]) return rankOf(one) - rankOf(other);
  if (kind === "f" || (PLAIN.test(one) && PLAIN.test(other))) return one < other ? -1 : one > other ? 1 : 0;
  return kind === "k"
    ? compareKeys(one, other)
    : compareValues(JSON.parse(one.slice(2)), JSON.parse(other.slice(2)));
}

/** Made of texts whose order is that of the element itself: no numbers, and nothing that comes before a quote. */
const PLAIN = /^(?:v:"[^"\\ !]*"|k:\{(?:"[^"\\ !]*":"[^"\\ !]*",?)*\})$/;

const RANKS = ".fkvi";
const rankOf = (element: string): number => RANKS.indexOf(element[0]!);

function compareKeys(one: string, other: string): number {
  const [ours, theirs] = [one, other].map((key) =>
    Object.entries(JSON.parse(key.slice(2)) as JsonObject),
  ) as [[string, unknown][], [string, unknown][]];
  for (const [index, [name, value]] of ours.entries()) {
    const match = theirs[index];
    if (!match) return 1;
    const order = compareValues(name, match[0]) || compareValues(value, match[1]);
    if (order !== 0) return order;
  }
  return ours.length - theirs.length;
}

const TYPES = ["number", "string", "boolean", "object"];

function compareValues(one: unknown, other: unknown): number {
  if (typeof one !== typeof other) return TYPES.indexOf(typeof one) - TYPES.indexOf(typeof other);
  const [a, b] = [one, other] as [number, number];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** As it stands in a path: `.replicas`, `[port=80]`, `[="a"]`. */
export function elementText(element: string): string {
  const text = element.slice(2);
  if (element.startsWith("f:")) return `.${text}`;
  if (element.startsWith("v:")) return `[=${JSON.stringify(JSON.parse(text))}]`;
  if (element.startsWith("i:")) return `[${text}]`;
  const fields = Object.entries(JSON.parse(text) as JsonObject);
  return `[${fields.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}]`;
}

/** What a client may have written as an element: one, one of a kind that nobody knows, or what is none. */
export function kindOf(element: string): "known" | "unknown" | "wrong" {
  if (element === ".") return "known";
  if (element[1] !== ":") return "wrong";
  const text = element.slice(2);
  switch (element[0]) {
    case "f":
      return "known";
    case "i":
      return /^[+-]?\d+$/.test(text) ? "known" : "wrong";
    case "v":
      return parsed(text) === undefined ? "wrong" : "known";
    case "k": {
      const key = parsed(text);
      return typeof key === "object" && key !== null && !Array.isArray(key) ? "known" : "wrong";
    }
    default:
      return "unknown";
  }
}

/** Undefined for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
