import assert from "node:assert/strict";
import { test } from "node:test";
import { StatefulSet } from "#api/apps-v1/statefulset";
import { problemsOf } from "#api/test-kit";
import { CronJob } from "./cronjob.ts";
import { Job } from "./job.ts";

type Loose = Readonly<Record<string, unknown>>;

const pods = { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "busybox" }] } };
const job = (spec: Loose = {}): Loose => ({ metadata: { uid: "u" }, spec: { template: pods, ...spec } });
const indexed = (spec: Loose): Loose => job({ completionMode: "Indexed", completions: 3, ...spec });
const succeeds = (...rules: readonly Loose[]): Loose => indexed({ successPolicy: { rules } });
const fails = (rule: Loose): Loose => job({ podFailurePolicy: { rules: [{ action: "Ignore", ...rule }] } });

const rows: readonly (readonly [name: string, object: Loose, problems: readonly string[]])[] = [
  ["nothing wrong", job(), []],
  ["indexes that are there", succeeds({ succeededIndexes: "0,1-2", succeededCount: 3 }), []],
  [
    "no rule at all",
    succeeds({}),
    [
      "spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified",
    ],
  ],
  [
    "indexes beyond the last",
    succeeds({ succeededIndexes: "1-3" }),
    [
      'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "1-3": error parsing succeededIndexes: too large index: "3"',
    ],
  ],
  [
    "indexes that go back",
    succeeds({ succeededIndexes: "2,1" }),
    [
      'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "2,1": error parsing succeededIndexes: non-increasing order, previous: 2, current: 1',
    ],
  ],
  [
    "more successes than named indexes",
    succeeds({ succeededIndexes: "0-1", succeededCount: 3 }),
    [
      "spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)",
    ],
  ],
  [
    "more successes than completions",
    succeeds({ succeededCount: 4 }),
    [
      "spec.successPolicy.rules[0].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of specified completions)",
    ],
  ],
  [
    "very many indexes",
    indexed({ completions: 100_001, parallelism: 10_001, backoffLimitPerIndex: 1 }),
    [
      "spec.maxFailedIndexes: Required value: must be specified when completions is above 100000",
      "spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index",
    ],
  ],
  [
    "a keeper without a domain",
    job({ managedBy: "me" }),
    ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")'],
  ],
  [
    "exit codes twice",
    fails({ onExitCodes: { operator: "In", values: [3, 3, 2] } }),
    [
      "spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Duplicate value: 3",
      "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [3,3,2]: must be ordered",
    ],
  ],
  [
    "a condition of no state",
    fails({ onPodConditions: [{ type: "Ready", status: "Maybe" }] }),
    [
      'spec.podFailurePolicy.rules[0].onPodConditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
    ],
  ],
];

for (const [name, object, problems] of rows)
  test(`jobs: ${name}`, () => assert.deepEqual(problemsOf(Job, object), problems));

/** What is wrong with it when it is new. */
const createProblems = (object: Loose): string[] =>
  problemsOf(Job, object).filter((line) => !line.includes("does not match"));

test("nobody else chooses the selector and labels that a job makes for itself", () => {
  const labelled = job({ template: { ...pods, metadata: { labels: { "controller-uid": "x" } } } });
  const [problem, ...more] = createProblems(labelled);
  assert.match(
    problem!,
    /^spec\.template\.metadata\.labels\[controller-uid\]: Invalid value: .*: must be 'u'$/,
  );
  assert.deepEqual(more, []);
  const selecting = createProblems(job({ selector: { matchLabels: { a: "b" } } }));
  assert.match(selecting.join("\n"), /^spec\.selector: Invalid value: .*: `selector` not auto-generated$/);
});

test("templates of cron jobs have no selector", () => {
  const spec = {
    schedule: "* * * * *",
    jobTemplate: { spec: { template: pods, selector: { matchLabels: { a: "b" } } } },
  };
  assert.deepEqual(problemsOf(CronJob, { spec }), [
    'spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated',
  ]);
});

test("the service of a stateful set has a name that services can have", () => {
  const spec = {
    serviceName: "A_",
    selector: { matchLabels: { a: "b" } },
    template: { metadata: { labels: { a: "b" } }, spec: { containers: pods.spec.containers } },
  };
  assert.match(
    problemsOf(StatefulSet, { spec }).join("\n"),
    /^spec\.serviceName: Invalid value: "A_": a lowercase RFC 1123 label/,
  );
});
