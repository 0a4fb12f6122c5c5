/** Keys and values from files and words, for config maps and secrets. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { type Arguments, type Options, UsageError } from "../../verb.ts";

export const keyValueOptions = {
  "from-literal": { type: "string", multiple: true, value: "KEY=VALUE", help: "a key and its value" },
  "from-file": {
    type: "string",
    multiple: true,
    value: "[KEY=]FILE",
    help: "the content of a file, or of all files of a folder",
  },
  "from-env-file": { type: "string", multiple: true, value: "FILE", help: "a file of KEY=VALUE lines" },
} as const satisfies Options;

const KEY = /^[-._a-zA-Z0-9]{1,253}$/;

/** Throws a UsageError for keys that are given twice or make no sense. */
export function keyValues(args: Arguments): ReadonlyMap<string, Uint8Array> {
  const values = new Map<string, Uint8Array>();
  const add = (key: string, value: Uint8Array) => {
    if (!KEY.test(key) || key === "." || key === "..")
      throw new UsageError(`${JSON.stringify(key)} is not a valid key name`);
    if (values.has(key))
      throw new UsageError(`cannot add key ${JSON.stringify(key)}, another key by that name already exists`);
    values.set(key, value);
  };
  for (const file of args.list("from-file")) for (const [key, value] of fileEntries(file)) add(key, value);
  for (const literal of args.list("from-literal")) {
    const equals = literal.indexOf("=");
    if (equals < 1) throw new UsageError(`invalid literal source ${literal}, expected key=value`);
    add(literal.slice(0, equals), Buffer.from(literal.slice(equals + 1)));
  }
  for (const file of args.list("from-env-file")) for (const [key, value] of envEntries(file)) add(key, value);
  return values;
}

function fileEntries(source: string): readonly (readonly [string, Uint8Array])[] {
  const equals = source.indexOf("=");
  const path = equals < 0 ? source : source.slice(equals + 1);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new Error(`error reading ${path}: no such file or directory`);
  if (!stat.isDirectory())
    return [[equals < 0 ? basename(path) : source.slice(0, equals), readFileSync(path)]];
  if (equals >= 0) throw new UsageError("cannot give a key name for a directory path");
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [entry.name, readFileSync(join(path, entry.name))]);
}

function envEntries(file: string): readonly (readonly [string, Uint8Array])[] {
  return readFileSync(file, "utf8")
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const equals = line.indexOf("=");
      // A name alone takes its value from the environment.
      if (equals < 0) return [line, Buffer.from(process.env[line] ?? "")];
      return [line.slice(0, equals), Buffer.from(line.slice(equals + 1))];
    });
}
