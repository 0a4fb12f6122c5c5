/**
 * The benchmarks of a whole cluster that need no root: `node bench/run.ts [--quick] [--only NAME] [--rounds N]
 * [--profile FOLDER]`. Prints
 * figures, and writes bench/results/latest.json and docs/benchmarks.md (not after --quick).
 */
import { parseArgs } from "node:util";
import type { Case } from "./case.ts";
import { create } from "./cases/create.ts";
import { custom } from "./cases/custom.ts";
import { deployment } from "./cases/deployment.ts";
import { get } from "./cases/get.ts";
import { idle } from "./cases/idle.ts";
import { large } from "./cases/large.ts";
import { list } from "./cases/list.ts";
import { onEtcd } from "./cases/on-etcd.ts";
import { protobuf } from "./cases/protobuf.ts";
import { scheduler } from "./cases/scheduler.ts";
import { start } from "./cases/start.ts";
import { watch } from "./cases/watch.ts";
import { watchers } from "./cases/watchers.ts";
import { profileInto } from "./control-plane.ts";
import { type FigureKey, kindOf, median } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import { quietMachine } from "./quiet.ts";
import { writeResults } from "./report.ts";
import { cleanUp } from "./workspace.ts";

const cases: readonly Case[] = [
  start,
  idle,
  create,
  onEtcd,
  get,
  list,
  protobuf,
  large,
  watch,
  watchers,
  custom,
  deployment,
  scheduler,
];
const QUIET_WITHIN_MS = 120_000;
const ROUNDS = { quick: 1, full: 5 };

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    rounds: { type: "string" },
    /** For CPU profiles of the server, which make everything slower. */
    profile: { type: "string" },
  },
});
const { quick, only } = values;
const unknown = only?.filter((name) => !cases.some((one) => one.name === name)) ?? [];
if (unknown.length > 0) {
  console.error(
    `there is no benchmark ${unknown.join(", ")}; there are ${cases.map(({ name }) => name).join(", ")}`,
  );
  process.exit(2);
}
const rounds = Number(values.rounds ?? (quick ? ROUNDS.quick : ROUNDS.full));
const machine = describeMachine();
if (values.profile) profileInto(values.profile);
const figures = new Map<FigureKey, number[]>();

try {
  for (const { name, run } of cases) {
    if (only && !only.includes(name)) continue;
    if (!quick && !(await quietMachine(QUIET_WITHIN_MS)))
      console.error(`${name}: others keep this machine busy; the figures will be worse than they could be`);
    const seen = figures.size;
    const note = (key: FigureKey, value: number) =>
      void figures.set(key, [...(figures.get(key) ?? []), value]);
    await run({ rounds, quick, note });
    for (const [key, measured] of [...figures].slice(seen)) print(key, measured);
  }
  if (!quick && !values.profile) writeResults(figures, machine, Date.now());
} finally {
  await cleanUp();
}

function print(key: FigureKey, measured: readonly number[]): void {
  const { label, unit, aim, better } = kindOf(key);
  const value = median(measured);
  const reached =
    aim === undefined
      ? ""
      : (better === "lower" ? value <= aim : value >= aim)
        ? "  reached"
        : `  aim ${aim}`;
  console.log(`${label.padEnd(72)} ${Number(value.toPrecision(4))} ${unit}${reached}`);
}
