/** `find` and `findAll`. */
import { Library } from "../function-table.ts";
import { findsPattern } from "../pricing.ts";
import { regexp } from "../regexp/regexp.ts";
import { PatternError } from "../regexp/syntax.ts";
import { ArrayList, CelError, type Result } from "../values.ts";

export const regex = new Library();

function withPattern(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (error instanceof PatternError) return new CelError(`Illegal regex: ${error.message}`);
    throw error;
  }
}

regex
  .add(
    "string.find(string) -> string",
    (text: string, pattern: string) =>
      withPattern(() => {
        const found = regexp(pattern).find(text);
        return found ? text.slice(...found) : "";
      }),
    findsPattern,
  )
  .add(
    "string.findAll(string) -> list(string)",
    (text: string, pattern: string) => withPattern(() => new ArrayList(regexp(pattern).findAll(text))),
    findsPattern,
  )
  .add(
    "string.findAll(string, int) -> list(string)",
    (text: string, pattern: string, max: bigint) =>
      withPattern(() => new ArrayList(regexp(pattern).findAll(text, max < 0n ? Infinity : Number(max)))),
    findsPattern,
  );
