import { type Arguments, type Option, type Options, UsageError } from "./verb.ts";

type Value = string | boolean | string[];

/**
 * Sorts words into options and positionals, in the grammar of kubectl: `--name value`, `--name=value`, `-nvalue`,
 * `-n value`, `-n=value`, `-it`, `--flag=false`; `--` ends the options. Throws a UsageError.
 */
export function parseArguments(options: Options, words: readonly string[]): Arguments {
  const shorts = new Map(
    Object.entries(options).flatMap(([name, { short }]) => (short === undefined ? [] : [[short, name]])),
  );
  const values = new Map<string, Value>();
  const positionals: string[] = [];
  let rest: readonly string[] | undefined;

  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const following = () => words[++at];
    if (word === "--") {
      rest = words.slice(at + 1);
      break;
    }
    if (word.startsWith("--")) readLong(word, following);
    else if (word.startsWith("-") && word.length > 1) readShort(word, following);
    else positionals.push(word);
  }

  function readLong(word: string, following: () => string | undefined): void {
    const equals = word.indexOf("=");
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const option = Object.hasOwn(options, name) ? options[name]! : undefined;
    if (!option) throw new UsageError(`unknown flag: --${name}`);
    set(`--${name}`, name, option, equals < 0 ? undefined : word.slice(equals + 1), following);
  }

  function readShort(word: string, following: () => string | undefined): void {
    for (let at = 1; at < word.length; at++) {
      const letter = word[at]!;
      const name = shorts.get(letter);
      if (name === undefined)
        throw new UsageError(`unknown shorthand flag: ${JSON.stringify(letter)} in ${word}`);
      const option = options[name]!;
      const tail = word.slice(at + 1);
      if (tail.startsWith("=")) return set(`-${letter}`, name, option, tail.slice(1), following);
      if (option.type === "string" && tail !== "") return set(`-${letter}`, name, option, tail, following);
      set(`-${letter}`, name, option, undefined, following);
    }
  }

  function set(
    shown: string,
    name: string,
    option: Option,
    given: string | undefined,
    following: () => string | undefined,
  ): void {
    if (option.type === "boolean") {
      values.set(name, given === undefined || truth(shown, given));
      return;
    }
    const value = given ?? option.bare ?? following();
    if (value === undefined) throw new UsageError(`flag needs an argument: ${shown}`);
    if (!option.multiple) values.set(name, value);
    else values.set(name, [...((values.get(name) as string[] | undefined) ?? []), value]);
  }

  return {
    positionals,
    rest,
    text: (name) => values.get(name) as string | undefined,
    list: (name) => (values.get(name) as string[] | undefined) ?? [],
    flag: (name, otherwise = false) => (values.get(name) as boolean | undefined) ?? otherwise,
  };
}

const TRUE = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const FALSE = new Set(["0", "f", "F", "false", "FALSE", "False"]);

function truth(shown: string, text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new UsageError(`invalid argument ${JSON.stringify(text)} for ${shown}: it is true or false`);
}
