/** A long run: `node test/fuzz/run.ts --seed N --count M`. Prints what was found and ends with 1 then. */
import { parseArgs } from "node:util";
import { setLogSink } from "#base/log";
import { attack } from "./attack.ts";

/** They report what others do wrong, as they should. */
const OF_OTHERS = /^(?:audit|apiserver\.(?:audit|authentication|authorization|aggregation))/;

// Where the server's own faults come from.
setLogSink({
  level: "error",
  write(_level, component, message, { error }) {
    if (!OF_OTHERS.test(component)) console.log(message, (error as Error | undefined)?.stack);
  },
});

const { values } = parseArgs({
  options: { seed: { type: "string", default: "1" }, count: { type: "string", default: "10000" } },
});
const first = Number(values.seed);
const seeds = Array.from({ length: Number(values.count) }, (_, index) => first + index);
const { findings, codes, deeds } = await attack(seeds);
for (const { seed, request, fault } of findings) console.log(`seed ${seed}: ${fault}\n    ${request}`);
console.log(
  `${seeds.length} requests, ${findings.length} findings, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB, ${Math.round(performance.now() / 1000)} s`,
  codes,
  deeds,
);
process.exitCode = findings.length > 0 ? 1 : 0;
