/** Debian's python3-kubernetes, of fourteen versions ago: typed objects, watches, patches, the dynamic client, streams. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type LocalCluster, startLocalCluster } from "../local-cluster.ts";
import { unpackedPackage } from "../tools/debian-package.ts";
import { output } from "../tools/run.ts";

const SCRIPT = fileURLToPath(new URL("python/steps.py", import.meta.url));
/** The client is large: what one step has compiled the next ones find there. */
const COMPILED = fileURLToPath(new URL("../../node_modules/.cache/python", import.meta.url));
const STEP_MS_MAX = 180_000;

/** The client and what it imports. */
const PACKAGES = [
  "python3-kubernetes",
  ...["certifi", "dateutil", "google-auth", "oauthlib", "requests", "requests-oauthlib", "six"].map(python),
  ...["urllib3", "websocket", "yaml", "cachetools", "pyasn1", "pyasn1-modules", "rsa", "idna"].map(python),
  ...["chardet", "charset-normalizer", "setuptools", "pkg-resources"].map(python),
];
/** The language, for machines that have none. */
const LANGUAGE = ["python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib"];
const LIBRARIES = ["libssl3", "libexpat1", "libffi8", "zlib1g", "libbz2-1.0", "liblzma5", "libuuid1"];

function python(name: string): string {
  return `python3-${name}`;
}

async function unpacked(packages: readonly string[]): Promise<readonly string[]> {
  const folders: string[] = [];
  for (const name of packages) folders.push(await unpackedPackage(name));
  return folders;
}

/** How a script is run with the client. */
async function interpreter(): Promise<{ readonly program: string; readonly env: Record<string, string> }> {
  const modules = (await unpacked(PACKAGES)).map((folder) => join(folder, "usr/lib/python3/dist-packages"));
  const installed = "/usr/bin/python3.11";
  if (existsSync(installed)) return { program: installed, env: { PYTHONPATH: modules.join(":") } };
  const [minimal = "", ...others] = await unpacked(LANGUAGE);
  const stdlib = others.flatMap((folder) => {
    const library = join(folder, "usr/lib/python3.11");
    return [library, join(library, "lib-dynload")];
  });
  const libraries = (await unpacked(LIBRARIES)).flatMap((folder) =>
    ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "lib/aarch64-linux-gnu"]
      .map((path) => join(folder, path))
      .filter(existsSync),
  );
  return {
    program: join(minimal, "usr/bin/python3.11"),
    env: { PYTHONPATH: [...stdlib, ...modules].join(":"), LD_LIBRARY_PATH: libraries.join(":") },
  };
}

describe("python3-kubernetes", () => {
  let cluster: LocalCluster;
  let how: Awaited<ReturnType<typeof interpreter>>;
  before(async () => {
    how = await interpreter();
    cluster = await startLocalCluster();
  });
  after(async () => assert.deepEqual(await cluster?.remove(), []));

  const step = (name: string): Promise<string> =>
    output(how.program, ["-X", `pycache_prefix=${COMPILED}`, "-S", SCRIPT, name], {
      env: { ...how.env, KUBECONFIG: cluster.kubeconfig },
      withinMs: STEP_MS_MAX,
    });

  const steps: readonly (readonly [string, string])[] = [
    ["objects", "creates, reads, lists page by page, replaces, deletes"],
    ["lists", "understands every list that the server and it know"],
    ["watching", "watches, and goes on where it was"],
    ["patches", "patches in four ways"],
    ["dynamics", "works with kinds that it learns from the server"],
    ["streams", "runs commands, forwards ports and reads logs"],
    ["leading", "elects a leader"],
    ["identities", "asks for tokens, and who may do what"],
  ];
  for (const [name, what] of steps) {
    it(what, async (test) => {
      const said = await step(name);
      if (said !== "") test.diagnostic(said.trim());
    });
  }
});
