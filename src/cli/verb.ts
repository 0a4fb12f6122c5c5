import { parseArgs, type ParseArgsConfig } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** One option with the line of help that explains it. */
export interface Option {
  readonly type: "string" | "boolean";
  readonly short?: string;
  readonly default?: string | boolean;
  readonly multiple?: boolean;
  /** What the value is, in help: `N`, `NAME`, `DIR`. */
  readonly value?: string;
  readonly help: string;
}

export interface Arguments {
  readonly positionals: readonly string[];
  text(option: string): string | undefined;
  list(option: string): readonly string[];
  flag(option: string): boolean;
}

/** A command of the program. */
export interface Verb {
  readonly usage: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Gives the exit code. */
  run(args: Arguments): Promise<number>;
}

/** A mistake of the caller's: printed as it is, without a stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export function parse({ options, usage }: Verb, words: readonly string[]): Arguments {
  try {
    const config = Object.fromEntries(
      Object.entries(options).map(([name, { type, short, default: otherwise, multiple = false }]) => [
        name,
        { type, multiple, ...(short === undefined ? {} : { short }), ...(otherwise === undefined ? {} : { default: otherwise }) },
      ]),
    ) as Options;
    const { values, positionals } = parseArgs({ args: [...words], options: config, allowPositionals: true, strict: true });
    const known = values as Readonly<Record<string, unknown>>;
    return {
      positionals,
      text: (option) => known[option] as string | undefined,
      list: (option) => (known[option] as string[] | undefined) ?? [],
      flag: (option) => known[option] === true,
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${message}\nusage: k8ts ${usage}`);
  }
}

/** The help text of one verb. */
export function helpOf({ usage, summary, options }: Verb): string {
  const rows = Object.entries(options).map(([name, { short, value, help, type }]) => {
    const left = `${short ? `-${short}, ` : "    "}--${name}${type === "string" ? ` ${value ?? "VALUE"}` : ""}`;
    return `  ${left.padEnd(28)} ${help}`;
  });
  return [`usage: k8ts ${usage}`, "", summary, ...(rows.length > 0 ? ["", "options:", ...rows] : []), ""].join("\n");
}
