import { parseDuration } from "#machinery/time";
import { type Arguments, UsageError } from "../verb.ts";

/** Milliseconds of an option such as `--timeout=30s`. */
export function durationOf(args: Arguments, option: string): number | undefined {
  const text = args.text(option);
  if (text === undefined) return undefined;
  try {
    return parseDuration(text);
  } catch {
    throw new UsageError(
      `invalid argument ${JSON.stringify(text)} for "--${option}": write it as 30s, 5m or 1h`,
    );
  }
}

/** A whole number of an option. */
export function numberOf(args: Arguments, option: string): number | undefined {
  const text = args.text(option);
  if (text === undefined) return undefined;
  if (!/^-?[0-9]{1,15}$/.test(text))
    throw new UsageError(`invalid argument ${JSON.stringify(text)} for "--${option}": it is a number`);
  return Number(text);
}
