/**
 * How a conformance test is written:
 *
 *     conformance("[sig-…] the name in names.txt [Conformance]", async ({ namespace, api, until }) => { … });
 *
 * One cluster serves all tests of a run. They run several at a time, so each keeps to its own namespace and to names
 * that are its own; those with `[Serial]` or `[Disruptive]` in their name run alone, after the others.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { removeTheCluster, theCluster } from "./cluster.ts";
import { ConformanceContext } from "./context.ts";
import { knownGaps } from "./known-gaps.ts";
import { conformanceNames } from "./names.ts";

export type { ConformanceContext } from "./context.ts";

export type ConformanceBody = (context: ConformanceContext) => Promise<void>;

interface Registered {
  readonly name: string;
  readonly body: ConformanceBody;
}

/** Tests that run at the same time: they mostly wait. */
const AT_A_TIME = 6;
const WITHIN_MS = 120_000;
const SLOW_WITHIN_MS = 300_000;

const known = new Set(conformanceNames.map(({ name }) => name));
const registered = new Map<string, Registered>();
let isCollecting = false;

/** Defines the test of one name. It runs with a namespace of its own. */
export function conformance(name: string, body: ConformanceBody): void {
  if (!known.has(name)) throw new Error(`no behaviour has this name: ${name}`);
  if (registered.has(name)) throw new Error(`a second test has this name: ${name}`);
  registered.set(name, { name, body });
  // A file that is run by itself.
  if (!isCollecting) define({ name, body });
}

/** Loads the files and then defines all their tests, so that several can run at a time. */
export async function defineTests(load: () => Promise<void>): Promise<void> {
  isCollecting = true;
  await load();
  const all = [...registered.values()];
  const serial = all.filter(runsAlone);
  const parallel = all.filter((one) => !runsAlone(one));
  describe("conformance", { concurrency: AT_A_TIME }, () => parallel.forEach(define));
  describe("conformance, one at a time", () => serial.forEach(define));
}

const runsAlone = ({ name }: Registered): boolean => /\[(Serial|Disruptive)\]/.test(name);

function define({ name, body }: Registered): void {
  const timeout = name.includes("[Slow]") ? SLOW_WITHIN_MS : WITHIN_MS;
  it(name, { timeout }, ({ signal }) =>
    name in knownGaps
      ? assert.rejects(run(body, signal), Error, "it works: take it off the known gaps")
      : run(body, signal),
  );
}

async function run(body: ConformanceBody, signal: AbortSignal): Promise<void> {
  const context = await ConformanceContext.create(await theCluster(), signal);
  try {
    await body(context);
  } finally {
    await context.close();
  }
}

after(async () => {
  assert.deepEqual(await removeTheCluster(), []);
});
