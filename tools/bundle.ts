/** How programs of this project are bundled: into chunks, so that each start loads only what it needs. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, type Plugin, build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Packages with binaries of their own stay outside. */
const EXTERNAL = ["lmdb", "koffi"];

/** Some dependencies still ask for modules the old way. */
const REQUIRE =
  'import { createRequire as k8tsCreateRequire } from "node:module"; const require = k8tsCreateRequire(import.meta.url);';

const requireBuiltin = createRequire(import.meta.url);

/**
 * An `import` of one of Node's modules reads all that it exports, also what is made only when it is asked for: with
 * `node:http` that is the whole of `fetch` and WebSocket. So names are taken from the module itself.
 */
const builtins: Plugin = {
  name: "builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === "import-statement" ? { path, namespace: "builtin", sideEffects: false } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({ contents: namesOf(path) }));
  },
};

/** Of getters, none: the build fails where one is imported. */
function namesOf(builtin: string): string {
  const properties = Object.getOwnPropertyDescriptors(requireBuiltin(builtin) as object);
  const names = Object.entries(properties)
    .filter(([name, { get }]) => get === undefined && name !== "default")
    .map(([name]) => name);
  return [
    `const all = process.getBuiltinModule(${JSON.stringify(builtin)});`,
    "export default all;",
    ...names.map((name, at) => `const name${at} = all.${name}; export { name${at} as ${name} };`),
  ].join("\n");
}

/** Its main file loads what watches clusters of Node and traces, too. The build fails where something else is imported. */
const metrics: Plugin = {
  name: "metrics",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^prom-client$/ }, ({ path }) => ({ path, namespace: "metrics" }));
    onLoad({ filter: /.*/, namespace: "metrics" }, () => ({
      resolveDir: root,
      contents: ["registry", "counter", "gauge", "histogram"]
        .map((name) => `export { default as ${capital(name)} } from "prom-client/lib/${name}.js";`)
        .join("\n"),
    }));
  },
};

const capital = (word: string): string => word[0]!.toUpperCase() + word.slice(1);

/**
 * Writes the programs, by their names, and their chunks. Stack traces name the lines of what is written, so it stays
 * readable.
 */
export async function bundle(programs: Record<string, string>, outdir: string): Promise<void> {
  const options: BuildOptions = {
    absWorkingDir: root,
    entryPoints: programs,
    outdir,
    bundle: true,
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    platform: "node",
    format: "esm",
    target: "node24",
    external: EXTERNAL,
    plugins: [builtins, metrics],
    sourcemap: "linked",
    banner: { js: REQUIRE },
    logLevel: "error",
    write: false,
  };
  const { outputFiles = [] } = await build(options);
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, path.endsWith(".js") ? inAscii(text) : text);
  }
}

/** One other character, be it in a comment, and the whole text takes two bytes a character in memory. */
const inAscii = (text: string): string =>
  text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
