import { parseArguments } from "./arguments.ts";
import type { Io } from "./io.ts";
import { isTable, type Options, UsageError, type Verb, type VerbEntry, type VerbTable } from "./verb.ts";

/** A verb that was found, with the words that are left for it. */
interface Found {
  readonly verb: Verb;
  readonly words: readonly string[];
  readonly shared: Options;
}

const HELP = new Set(["--help", "-h"]);

/** Finds the verb that the words ask for and runs it; or prints the help they ask for. Gives the exit code. */
export async function dispatch(
  table: VerbTable,
  words: readonly string[],
  io: Io,
  onVerb: (verb: Verb) => void = () => undefined,
): Promise<number> {
  const found = await find(table, words, {});
  if (typeof found === "string") {
    io.write(found);
    return 0;
  }
  const { verb, shared } = found;
  const end = found.words.indexOf("--");
  if (found.words.some((word, at) => HELP.has(word) && (end < 0 || at < end))) {
    io.write(helpOfVerb(verb, shared));
    return 0;
  }
  onVerb(verb);
  return verb.run(parse(verb, shared, found.words), io);
}

function parse({ options, usage }: Verb, shared: Options, words: readonly string[]) {
  try {
    return parseArguments({ ...shared, ...options }, words);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${error.message}\nusage: ${usage}`);
    throw error;
  }
}

/** The verb, or the help text that is asked for instead. */
async function find(table: VerbTable, words: readonly string[], outer: Options): Promise<Found | string> {
  const shared = { ...outer, ...table.shared };
  const at = placeOfVerb(words, shared);
  const name = words[at];
  if (name === undefined || HELP.has(name)) return helpOfTable(table);
  if (name === "help") return find(table, [...words.slice(at + 1), "--help"], outer);
  if (name.startsWith("-") && table.otherwise) return { verb: await table.otherwise(), words, shared };
  if (name.startsWith("-")) throw new UsageError(`unknown flag: ${name}\nSee: ${table.name} --help`);
  const entry = Object.hasOwn(table.verbs, name) ? table.verbs[name]! : undefined;
  if (!entry) throw new UsageError(unknownVerb(table, name));
  const found = await entry.load();
  const others = [...words.slice(0, at), ...words.slice(at + 1)];
  return isTable(found) ? find(found, others, shared) : { verb: found, words: others, shared };
}

/** Options that all verbs have may stand before the verb. */
function placeOfVerb(words: readonly string[], shared: Options): number {
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at]!;
    if (!word.startsWith("-") || HELP.has(word)) break;
    const option = word.startsWith("--")
      ? shared[word.slice(2).replace(/=.*/s, "")]
      : Object.values(shared).find(({ short }) => short === word[1]);
    if (!option) break;
    const hasValue = word.startsWith("--") ? word.includes("=") : word.length > 2;
    if (option.type === "string" && option.bare === undefined && !hasValue) at++;
  }
  return at;
}

function unknownVerb({ name: table, verbs }: VerbTable, name: string): string {
  const near = nearest(name, [
    ...Object.entries(verbs).flatMap(([verb, { hidden }]) => (hidden ? [] : [verb])),
    "help",
  ]);
  const hint = near === undefined ? "" : `\nDid you mean this?\n\t${near}`;
  return `unknown command ${JSON.stringify(name)} for ${JSON.stringify(table)}${hint}\nRun '${table} --help' for usage.`;
}

/** The candidate that is fewest edits away, if it is near at all. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = candidate.startsWith(word) ? 1 : edits(word, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours. */
function edits(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_each, column) => column)];
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1];
      let cost = Math.min(
        rows[row - 1]![column]! + 1,
        current[column - 1]! + 1,
        rows[row - 1]![column - 1]! + (same ? 0 : 1),
      );
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      if (row > 1 && column > 1 && swapped) cost = Math.min(cost, rows[row - 2]![column - 2]! + 1);
      current.push(cost);
    }
    rows.push(current);
  }
  return rows[one.length]![other.length]!;
}

/** Left column of help. */
const COLUMN = 28;

function helpOfVerb({ usage, summary, options }: Verb, shared: Options): string {
  const inherited = Object.entries(shared).filter(([name]) => !Object.hasOwn(options, name));
  return page([
    `usage: ${usage}`,
    "",
    summary,
    ...section("options:", optionRows(Object.entries(options))),
    ...section("options of all commands:", optionRows(inherited)),
  ]);
}

function helpOfTable({ name, summary, verbs, shared = {}, notes = [] }: VerbTable): string {
  const rows = Object.entries(verbs)
    .filter(([, entry]) => !entry.hidden)
    .map(([verb, entry]: [string, VerbEntry]) => `  ${verb.padEnd(COLUMN - 13)} ${entry.summary}`);
  return page([
    summary,
    "",
    `usage: ${name} COMMAND [options]`,
    ...section("commands:", rows),
    ...section("options of all commands:", optionRows(Object.entries(shared))),
    ...section("", notes),
    "",
    `${name} help COMMAND says more about one of them.`,
  ]);
}

const section = (title: string, rows: readonly string[]): string[] =>
  rows.length === 0 ? [] : ["", ...(title === "" ? [] : [title]), ...rows];

const optionRows = (options: readonly (readonly [string, Options[string]])[]): string[] =>
  options.map(([name, { type, short, value = "VALUE", bare, help }]) => {
    const shown = type === "boolean" ? "" : bare === undefined ? ` ${value}` : `[=${value}]`;
    return `  ${`${short === undefined ? "    " : `-${short}, `}--${name}${shown}`.padEnd(COLUMN)} ${help}`;
  });

const page = (lines: readonly string[]): string => `${lines.join("\n")}\n`;
