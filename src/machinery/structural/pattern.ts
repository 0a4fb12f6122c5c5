/** Regular expressions as clients write them for the API, in Go's dialect. */
import { type Regexp, regexp } from "../cel/regexp/regexp.ts";
import { PatternError } from "../cel/regexp/syntax.ts";

/** The compiled pattern, or why it is none. */
export function patternOf(text: string): Regexp | string {
  try {
    return regexp(text);
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}
