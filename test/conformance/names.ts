import { readFileSync } from "node:fs";

/** A behaviour that Kubernetes names in its conformance list. */
export interface ConformanceName {
  /** The release that named it first. */
  readonly since: string;
  readonly name: string;
}

/** All of v1.35, in the order of the list. */
export const conformanceNames: readonly ConformanceName[] = readFileSync(
  new URL("names.txt", import.meta.url),
  "utf8",
)
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => {
    const [since = "", name = ""] = line.split("\t");
    return { since, name };
  });

/** Of `[sig-auth] …` it is `sig-auth`. */
export const groupOf = (name: string): string => /^\[([^\]]+)\]/.exec(name)?.[1] ?? "";
