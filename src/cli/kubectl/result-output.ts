import type { Io } from "../io.ts";
import type { Arguments, Options } from "../verb.ts";
import { type AnyObject, withoutManagedFields } from "./objects.ts";
import { nameOf, printerFor } from "./output.ts";

export const resultOptions = {
  output: {
    type: "string",
    short: "o",
    value: "FORMAT",
    help: "print the result: name, yaml, json, jsonpath=…",
  },
} as const satisfies Options;

/** Tells what was done to objects: `deployment.apps/web configured`, or the object itself in the format of `-o`. */
export function resultPrinter(
  args: Arguments,
  io: Pick<Io, "write">,
): (object: AnyObject, done: string) => void {
  const format = args.text("output");
  const printer = printerFor(format);
  let first = true;
  return (object, done) => {
    if (!printer) return io.write(`${nameOf(object)} ${done}\n`);
    const text = printer.one(withoutManagedFields(object));
    io.write(format === "yaml" && !first ? `---\n${text}` : text);
    first = false;
  };
}
