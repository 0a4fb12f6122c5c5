/** What a flag of a daemon may be: from the words of a command line to a value, or an error that says what is wanted. */
import { resolve } from "node:path";

export interface Flag<T> {
  /** What the value is, in help: `FILE`, `N`. */
  readonly value: string;
  readonly help: string;
  /** What the flag means when it is given without a value. */
  readonly bare?: string;
  /** May be given several times. */
  readonly multiple?: boolean;
  /** The text as it is kept, so that it means the same in another folder. */
  readonly keep?: (text: string) => string;
  /** Throws an Error that says what the value should be. */
  readonly parse: (texts: readonly string[]) => T;
}

interface Meaning {
  readonly value?: string;
  readonly help: string;
}

const last = (texts: readonly string[]): string => texts.at(-1) ?? "";

export const text = ({ value = "TEXT", help }: Meaning): Flag<string> => ({ value, help, parse: last });

/** A file, named relative to the folder of the command line. */
export const file = ({ value = "FILE", help }: Meaning): Flag<string> => ({
  value,
  help,
  keep: (path) => resolve(path),
  parse: last,
});

export const toggle = ({ help }: Meaning): Flag<boolean> => ({
  value: "true",
  help,
  bare: "true",
  parse: (texts) => truth(last(texts)),
});

export const wholeNumber = ({ value = "N", help }: Meaning): Flag<number> => ({
  value,
  help,
  parse(texts) {
    const given = last(texts);
    if (!/^[0-9]{1,9}$/.test(given)) throw new Error("it is a whole number");
    return Number(given);
  },
});

/** `A,B`; more than once adds up. */
export const names = ({ value = "NAMES", help }: Meaning): Flag<readonly string[]> => ({
  value,
  help,
  multiple: true,
  parse: (texts) => texts.flatMap((each) => each.split(",")).filter((name) => name !== ""),
});

/** `A=true,B=false`; `A` alone is true. */
export const toggles = ({
  value = "NAME=true|false,…",
  help,
}: Meaning): Flag<Readonly<Record<string, boolean>>> => ({
  value,
  help,
  multiple: true,
  parse: (texts) =>
    Object.fromEntries(
      names({ help })
        .parse(texts)
        .map((entry) => {
          const [name = "", given = "true"] = entry.split("=");
          return [name.trim(), truth(given.trim())];
        }),
    ),
});

/** What some function makes of the text, or complains about. */
export const parsed = <T>({ value = "TEXT", help }: Meaning, parse: (given: string) => T): Flag<T> => ({
  value,
  help,
  parse: (texts) => parse(last(texts)),
});

function truth(given: string): boolean {
  if (given === "true") return true;
  if (given === "false") return false;
  throw new Error("it is true or false");
}
