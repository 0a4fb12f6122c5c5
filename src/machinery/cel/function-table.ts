/** Functions and their overloads, as libraries declare them. */
import { CONSTANT, type Pricing } from "./pricing.ts";
import { parseType, splitTypes, type Type } from "./types.ts";
import type { Result } from "./values.ts";

export interface Overload {
  /** `string.split(string)`: the signature without its result. */
  readonly id: string;
  /** Called on its first parameter. */
  readonly member: boolean;
  readonly parameters: readonly Type[];
  readonly result: Type;
  readonly price: Pricing;
  /** Gets values that fit the parameters. May throw a `CelError`. */
  // Each overload knows its own argument types; the dispatcher has checked them.
  readonly call: (...args: never[]) => Result;
}

export type FunctionTable = ReadonlyMap<string, readonly Overload[]>;

/** A library under construction. */
export class Library {
  readonly functions = new Map<string, Overload[]>();

  /**
   * `"string.split(string, int) -> list(string)"` is called on its first type, `"url(string) -> URL"` is global; a name
   * with a namespace is written `"ip.isCanonical!(string) -> bool"`, with an exclamation mark.
   */
  add(signature: string, call: (...args: never[]) => Result, price: Pricing = CONSTANT): this {
    const { name, overload } = parseSignature(signature, call, price);
    const known = this.functions.get(name);
    if (known) known.push(overload);
    else this.functions.set(name, [overload]);
    return this;
  }
}

function parseSignature(
  signature: string,
  call: (...args: never[]) => Result,
  price: Pricing,
): { readonly name: string; readonly overload: Overload } {
  const namespaced = signature.includes("!(");
  const bang = signature.indexOf("!(");
  const arrow = signature.lastIndexOf(" -> ");
  const id = signature.slice(0, arrow).replace("!(", "(");
  const result = parseType(signature.slice(arrow + 4));
  if (namespaced) {
    const parameters = splitTypes(signature.slice(bang + 2, arrow - 1)).map(parseType);
    return {
      name: signature.slice(0, bang),
      overload: { id, member: false, parameters, result, price, call },
    };
  }
  const open = openingOfArguments(signature.slice(0, arrow));
  const head = signature.slice(0, open);
  const dot = head.lastIndexOf(".");
  const parameters = splitTypes(signature.slice(open + 1, arrow - 1)).map(parseType);
  const member = dot >= 0;
  if (member) parameters.unshift(parseType(head.slice(0, dot)));
  const name = head.slice(dot + 1);
  return { name, overload: { id, member, parameters, result, price, call } };
}

/** The parenthesis that matches the last one. */
function openingOfArguments(text: string): number {
  let depth = 0;
  for (let at = text.length - 1; at >= 0; at -= 1) {
    if (text[at] === ")") depth += 1;
    else if (text[at] === "(") {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}

/** Several libraries as one. */
export function functionTable(...libraries: readonly Library[]): FunctionTable {
  const all = new Map<string, Overload[]>();
  for (const { functions } of libraries) {
    for (const [name, overloads] of functions) all.set(name, [...(all.get(name) ?? []), ...overloads]);
  }
  return all;
}
