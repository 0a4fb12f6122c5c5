import { globSync, statSync } from "node:fs";
import { join } from "node:path";

/** A part of the tests that one process runs. */
export interface Task {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** Test files that it runs. */
  readonly files?: readonly string[];
  /** Its output is read as test results; other tasks are one test, by their exit code. */
  readonly reports: boolean;
  /** Runs containers, networks or clusters. */
  readonly needsRoot: boolean;
  readonly timeoutMs: number;
}

/** The environment variable that names a task's files: a JSON array of paths from the root. */
export const FILES_VARIABLE = "K8TS_TEST_FILES";

/** Unit tests run in so many processes, one after the other on each processor. */
const UNIT_GROUPS = 6;
const CHECK_MS_MAX = 5 * 60_000;
const UNIT_MS_MAX = 8 * 60_000;
const NODE_MS_MAX = 12 * 60_000;
/** Its tests share a cluster, so that one process runs them all. */
const CONFORMANCE = "test/conformance/";

/** All tasks of the checkout, or those that the filter names: by the path of a test file, or the name of a check. */
export function planTasks(root: string, filter: string | undefined): readonly Task[] {
  const fits = (name: string) => filter === undefined || name.includes(filter);
  const files = globSync(["src/**/*.test.ts", "tools/**/*.test.ts", "test/**/*.test.ts"], { cwd: root })
    .filter(fits)
    .toSorted();
  const units = files.filter((file) => !runsMachines(file));
  const groups = balanced(units, (file) => statSync(join(root, file)).size, UNIT_GROUPS);
  return [
    ...checks(root).filter(({ name }) => fits(name)),
    ...groups.map((group, at) => ({
      name: groups.length === 1 ? "unit tests" : `unit tests ${at + 1}/${groups.length}`,
      command: nodeTest(root),
      files: group,
      reports: true,
      needsRoot: false,
      timeoutMs: UNIT_MS_MAX,
    })),
    ...conformanceTask(root, files.filter(isConformance)),
    ...files
      .filter((file) => runsMachines(file) && !isConformance(file))
      .map((file) => ({
        name: file,
        command: nodeTest(root),
        files: [file],
        reports: true,
        needsRoot: true,
        timeoutMs: NODE_MS_MAX,
      })),
  ];
}

function conformanceTask(root: string, files: readonly string[]): readonly Task[] {
  if (files.length === 0) return [];
  const command = nodeTest(root, "test/conformance/load.ts");
  return [{ name: "conformance", command, files, reports: true, needsRoot: true, timeoutMs: NODE_MS_MAX }];
}

const isConformance = (file: string): boolean => file.startsWith(CONFORMANCE);
const runsMachines = (file: string): boolean => file.endsWith(".node.test.ts") || file.startsWith("test/");

function checks(root: string): readonly Task[] {
  const binary = (name: string) => join(root, "node_modules", ".bin", name);
  const commands: Readonly<Record<string, Task["command"]>> = {
    tsc: [binary("tsc"), "-p", "."],
    oxlint: [binary("oxlint"), "--quiet"],
    oxfmt: [binary("oxfmt"), "--check"],
    tidy: [process.execPath, "tools/tidy.ts"],
    knip: [binary("knip")],
  };
  return Object.entries(commands).map(([name, command]) => ({
    name,
    command,
    reports: false,
    needsRoot: false,
    timeoutMs: CHECK_MS_MAX,
  }));
}

/** The files share a process: none may disturb another. They are loaded by one of ours, which misses none. */
const nodeTest = (root: string, loader = "src/cli/test/load-files.ts"): Task["command"] => [
  process.execPath,
  "--test",
  "--test-isolation=none",
  `--test-reporter=${join(root, "src/cli/test/reporter.ts")}`,
  "--test-reporter-destination=stdout",
  join(root, loader),
];

/** Groups of about the same weight; the heaviest are dealt first. Empty groups are left out. */
export function balanced<T>(
  items: readonly T[],
  weightOf: (item: T) => number,
  count: number,
): readonly T[][] {
  const groups = Array.from({ length: count }, () => ({ weight: 0, items: [] as T[] }));
  for (const item of items.toSorted((one, other) => weightOf(other) - weightOf(one))) {
    const lightest = groups.reduce((one, other) => (other.weight < one.weight ? other : one));
    lightest.items.push(item);
    lightest.weight += weightOf(item);
  }
  return groups.flatMap(({ items: group }) => (group.length > 0 ? [group] : []));
}
