/**
 * Runs all conformance tests and prints `docs/conformance.md` from what became of them: `node test/conformance/report.ts`,
 * as root.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "#base/clock";
import { checkoutRoot } from "#cli/test/checkout";
import { planTasks } from "#cli/test/plan";
import type { TestResult } from "#cli/test/reporter";
import { runTask } from "#cli/test/run-task";
import { conformanceNames, groupOf } from "./names.ts";
import { knownGaps } from "./known-gaps.ts";

type Outcome = "passed" | "failed" | "known gap" | "not yet written";

const root = checkoutRoot();
const results: TestResult[] = [];
for (const task of planTasks(root, "test/conformance/")) {
  const options = { root, env: process.env, clock: systemClock, signal: new AbortController().signal };
  const onResult = ({ name, outcome, error }: TestResult) =>
    console.log([`${outcome} ${name}`, error].filter(Boolean).join("\n"));
  results.push(...(await runTask(task, { ...options, onResult })).results);
}
writeFileSync(join(root, "docs/conformance.md"), page(outcomes(results)));
if (results.some(({ outcome }) => outcome === "failed")) process.exitCode = 1;

function outcomes(all: readonly TestResult[]): ReadonlyMap<string, Outcome> {
  // The names of tests stand behind those of the suites around them.
  const found = new Map(
    all.map((result) => [result.name.replace(/^conformance[^>]* > /, ""), result.outcome]),
  );
  return new Map(
    conformanceNames.map(({ name }): [string, Outcome] => {
      const outcome = found.get(name);
      if (outcome === undefined) return [name, "not yet written"];
      return [name, outcome === "passed" ? (name in knownGaps ? "known gap" : "passed") : "failed"];
    }),
  );
}

function page(all: ReadonlyMap<string, Outcome>): string {
  const groups = Map.groupBy(conformanceNames, ({ name }) => groupOf(name));
  const count = (names: Iterable<{ readonly name: string }>, outcome: Outcome) =>
    [...names].filter(({ name }) => all.get(name) === outcome).length;
  const counts = (title: string, names: readonly { readonly name: string }[]) =>
    row(
      title,
      ...[
        names.length,
        count(names, "passed"),
        count(names, "failed"),
        count(names, "known gap"),
        count(names, "not yet written"),
      ].map(String),
    );
  const gaps = Object.entries(knownGaps).map(([name, why]) => `- ${escaped(name)}: ${why}`);
  return [
    "# Conformance",
    "",
    `Kubernetes v1.35 names ${conformanceNames.length} behaviours that every cluster has to show. Each has a test of ours with the same name in`,
    "[`test/conformance`](../test/conformance), written from the public documentation and driven by real clients against a cluster of two",
    "nodes. This page is printed from a run of them by [`report.ts`](../test/conformance/report.ts).",
    "",
    row("group", "behaviours", "passed", "failed", "known gap", "not yet written"),
    row("---", "---:", "---:", "---:", "---:", "---:"),
    ...[...groups].map(([group, names]) => counts(group, names)),
    counts("**all**", conformanceNames),
    ...(gaps.length > 0 ? ["", "## Known gaps", "", ...gaps] : []),
    ...[...groups].flatMap(([group, names]) => [
      "",
      `## ${group}`,
      "",
      row("behaviour", "since", "outcome"),
      row("---", "---", "---"),
      ...names.map(({ name, since }) =>
        row(escaped(name.replace(/^\[[^\]]+\] /, "")), since, all.get(name)!),
      ),
    ]),
    "",
  ].join("\n");
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** What Markdown would take for its own. */
function escaped(text: string): string {
  return text.replaceAll(/[\\|*_`<[\]]/g, String.raw`\$&`);
}
