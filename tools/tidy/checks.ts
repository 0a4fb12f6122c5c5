import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { BROWSER_ROOMS, MAY_IMPORT, mayImport, roomOf } from "./rooms.ts";
import { filesBelow, lineAt, type Source } from "./sources.ts";

/** What is wrong, as `path:line: words`. */
export type Complaint = string;

const isTest = (path: string): boolean => /\.(test|bench)\.ts$/.test(path);

/** Imports go downwards, and to files that exist; peers meet only through the API. */
export function* importDirection(sources: readonly Source[]): Iterable<Complaint> {
  const known = new Set(sources.map(({ path }) => path));
  for (const { path, imports } of sources) {
    const from = roomOf(path);
    if (from !== undefined && !(from in MAY_IMPORT))
      yield `${path}:1: tools/tidy/rooms.ts does not know the room ${from}`;
    for (const { specifier, file, line } of imports) {
      if (file === undefined) continue;
      if (!known.has(file)) yield `${path}:${line}: imports ${specifier}, which does not exist`;
      const to = roomOf(file);
      // A test may use what lies above, to try the real thing.
      if (from !== undefined && to !== undefined && !isTest(path) && !mayImport(from, to)) {
        yield `${path}:${line}: ${from} may not import ${to}`;
      }
    }
  }
}

/** Packages that run in browsers too. */
const BROWSER_PACKAGES = new Set(["js-yaml"]);

/** `node:` modules and npm packages for Node stay out of what the browser shares. */
export function* browserRooms(sources: readonly Source[]): Iterable<Complaint> {
  for (const { path, imports } of sources) {
    const room = roomOf(path);
    if (!room || !BROWSER_ROOMS.includes(room) || path.includes("/node/") || isTest(path)) continue;
    for (const { specifier, line } of imports) {
      if (!/^[#.]/.test(specifier) && !BROWSER_PACKAGES.has(specifier))
        yield `${path}:${line}: ${room} runs in browsers too; ${specifier} belongs below ${room}/node`;
    }
  }
}

/** No cycles among the imports that exist at run time. */
export function* cycles(sources: readonly Source[]): Iterable<Complaint> {
  const edges = new Map(
    sources.map(({ path, imports }) => [
      path,
      imports.flatMap(({ file, typeOnly }) => (file !== undefined && !typeOnly ? [file] : [])),
    ]),
  );
  const done = new Set<string>();
  const trail: string[] = [];
  function* visit(path: string): Iterable<Complaint> {
    const seen = trail.indexOf(path);
    if (seen >= 0) {
      yield `${path}:1: imports itself: ${[...trail.slice(seen), path].join(" -> ")}`;
      return;
    }
    if (done.has(path)) return;
    trail.push(path);
    for (const next of edges.get(path) ?? []) yield* visit(next);
    trail.pop();
    done.add(path);
  }
  for (const path of edges.keys()) yield* visit(path);
}

const AMBIENT =
  /\b(Date\.now\b|AbortSignal\.timeout\(|new Date\(\)|Math\.random\(|performance\.now\(|setTimeout\(|setInterval\(|crypto\.randomUUID\()/g;
const AMBIENT_HOMES = new Set(["src/base/clock.ts", "src/base/random.ts"]);

/** Time and chance come in through Clock and Random, except in tests and in the tools around the program. */
export function* ambientTimeAndChance(sources: readonly Source[]): Iterable<Complaint> {
  for (const { path, text } of sources) {
    if (!path.startsWith("src/") || isTest(path) || AMBIENT_HOMES.has(path)) continue;
    for (const match of text.matchAll(AMBIENT)) {
      const line = text.slice(text.lastIndexOf("\n", match.index) + 1, match.index);
      if (/^\s*(\/\/|\*|\/\*)/.test(line)) continue;
      yield `${path}:${lineAt(text, match.index)}: ${match[1]!.replace("(", "")} is ambient; take a Clock or a Random`;
    }
  }
}

const ENTRY =
  /^(src\/cli\/main\.ts|src\/testing\/index\.ts|src\/cli\/test\/load-files\.ts|(tools|bench|test)\/.*|.*\.(test|bench)\.ts)$/;

/** Every file is reached from an entry point. */
export function* deadFiles(sources: readonly Source[]): Iterable<Complaint> {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set<string>();
  const visit = (path: string) => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const { file } of byPath.get(path)?.imports ?? []) if (file !== undefined) visit(file);
  };
  for (const { path } of sources) if (ENTRY.test(path)) visit(path);
  for (const { path } of sources) if (!reached.has(path)) yield `${path}:1: nothing imports this file`;
}

const LINK = /\]\(([^)#\s]+)(?:#[^)]*)?\)/g;

/** Links in documents lead to files that exist. */
export function* deadLinks(root: string): Iterable<Complaint> {
  for (const path of filesBelow(root, ".md")) {
    const text = readFileSync(join(root, path), "utf8");
    for (const match of text.matchAll(LINK)) {
      const target = match[1]!;
      if (/^[a-z]+:/.test(target)) continue;
      if (!existsSync(join(root, dirname(path), target)))
        yield `${path}:${lineAt(text, match.index)}: ${target} does not exist`;
    }
  }
}
