import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { parseYamlDocuments } from "#machinery/yaml";
import { type Io, readStdin } from "../io.ts";
import { type Arguments, type Options, UsageError } from "../verb.ts";
import { type AnyObject, isJson } from "./objects.ts";

export const fileOptions = {
  filename: {
    type: "string",
    short: "f",
    multiple: true,
    value: "FILE",
    help: "a file or folder of manifests, - for standard input",
  },
  recursive: { type: "boolean", short: "R", help: "with -f: folders within folders too" },
} as const satisfies Options;

/** An object as it was written, and where. */
export interface Manifest extends AnyObject {}

const EXTENSIONS = new Set([".yaml", ".yml", ".json"]);

/** The objects in files and folders, in their order; those of Lists one by one. */
export async function objectsInFiles(
  files: readonly string[],
  args: Arguments,
  io: Pick<Io, "stdin">,
): Promise<readonly Manifest[]> {
  return (await sourcesIn(files, args, io)).flatMap(({ objects }) => objects);
}

export interface Source {
  /** As messages name it: a path or `STDIN`. */
  readonly name: string;
  readonly objects: readonly Manifest[];
}

export async function sourcesIn(
  files: readonly string[],
  args: Arguments,
  io: Pick<Io, "stdin">,
): Promise<readonly Source[]> {
  const sources: Source[] = [];
  for (const file of files) {
    if (file === "-") sources.push({ name: "STDIN", objects: parse("STDIN", await readStdin(io)) });
    else if (/^https?:\/\//.test(file))
      throw new UsageError(`${file}: manifests are not fetched; download it, or pipe it to -f -`);
    else
      for (const path of pathsIn(file, args.flag("recursive")))
        sources.push({ name: path, objects: parse(path, readFileSync(path)) });
  }
  if (sources.every(({ objects }) => objects.length === 0)) throw new Error("no objects passed to apply");
  return sources;
}

function pathsIn(file: string, recursive: boolean): readonly string[] {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) throw new Error(`the path ${JSON.stringify(file)} does not exist`);
  if (!stat.isDirectory()) return [file];
  const entries = readdirSync(file, { withFileTypes: true }).toSorted((one, other) =>
    one.name < other.name ? -1 : 1,
  );
  return entries.flatMap((entry) => {
    const path = join(file, entry.name);
    if (entry.isDirectory()) return recursive ? pathsIn(path, recursive) : [];
    return EXTENSIONS.has(extname(entry.name)) ? [path] : [];
  });
}

function parse(name: string, content: Uint8Array): readonly Manifest[] {
  let documents: readonly unknown[];
  try {
    documents = parseYamlDocuments(content);
  } catch (cause) {
    throw new Error(`error parsing ${name}: ${(cause as Error).message}`, { cause });
  }
  return documents.flatMap((document) => unfolded(name, document));
}

function unfolded(name: string, document: unknown): readonly Manifest[] {
  if (!isJson(document)) throw new Error(`error parsing ${name}: an object was expected`);
  const { apiVersion, kind, items } = document;
  if (typeof kind !== "string" || kind === "") throw missing(name, "kind");
  if (typeof apiVersion !== "string" || apiVersion === "") throw missing(name, "apiVersion");
  if (kind.endsWith("List") && Array.isArray(items)) return items.flatMap((item) => unfolded(name, item));
  return [{ ...document, metadata: document.metadata ?? {} } as unknown as Manifest];
}

const missing = (name: string, field: string) =>
  new Error(`error validating ${JSON.stringify(name)}: error validating data: ${field} not set`);
