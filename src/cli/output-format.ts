import { type Arguments, type Option, UsageError } from "./verb.ts";

/** `-o json`, for commands that people and machines read. */
export const outputOption: Option = {
  type: "string",
  short: "o",
  value: "json",
  help: "print JSON, for machines",
};

export function wantsJson(args: Arguments): boolean {
  const format = args.text("output");
  if (format === undefined || format === "json") return format === "json";
  throw new UsageError(`unknown output format ${JSON.stringify(format)}: json is the only one`);
}

export const jsonText = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
