import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment } from "#api/apps-v1/deployment";
import type { ReplicaSet } from "#api/apps-v1/replicaset";
import { annotationsOf, forgettable, nextRevision } from "./revisions.ts";
import {
  isScaling,
  planRecreate,
  planRollingUpdate,
  planScale,
  type Resize,
  sizeOfCurrent,
} from "./rollout.ts";
import { leewayOf } from "./sizes.ts";
import { sameTemplate, templateHash, withHash } from "./template-hash.ts";

const DESIRED = "deployment.kubernetes.io/desired-replicas";
const MAX = "deployment.kubernetes.io/max-replicas";

let made = 0;
function set(replicas: number, available = replicas, annotations: Record<string, string> = {}): ReplicaSet {
  const name = `rs${made++}`;
  const creationTimestamp = `2026-01-01T00:00:${String(made % 60).padStart(2, "0")}Z`;
  return {
    metadata: { name, uid: name, creationTimestamp, annotations },
    spec: { replicas },
    status: { replicas, availableReplicas: available },
  } as unknown as ReplicaSet;
}

const deployment = (
  replicas: number,
  maxSurge: number | string = "25%",
  maxUnavailable: number | string = "25%",
) =>
  ({
    metadata: { name: "d", annotations: {} },
    spec: {
      replicas,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } },
      revisionHistoryLimit: 1,
    },
    status: { replicas, observedGeneration: 1 },
  }) as unknown as Deployment;

const sizes = (resizes: readonly Resize[]) =>
  resizes.map(({ set: { metadata }, replicas }) => [metadata.name, replicas]);

for (const [replicas, surge, unavailable, expected] of [
  [4, "25%", "25%", { surge: 1, unavailable: 1 }],
  [3, "25%", "25%", { surge: 1, unavailable: 0 }],
  [10, 0, "50%", { surge: 0, unavailable: 5 }],
  [1, 0, 0, { surge: 0, unavailable: 1 }],
  [2, 1, 5, { surge: 1, unavailable: 2 }],
] as const) {
  test(`leeway of ${replicas} with ${surge} and ${unavailable}`, () =>
    assert.deepEqual(leewayOf(deployment(replicas, surge, unavailable)), expected));
}

test("a new set starts with the surge, and grows into the room that old ones leave", () => {
  assert.equal(sizeOfCurrent(deployment(4), { current: undefined, old: [] }), 4);
  assert.equal(sizeOfCurrent(deployment(4), { current: undefined, old: [set(4)] }), 1);
  assert.equal(sizeOfCurrent(deployment(4), { current: set(1), old: [set(3)] }), 2);
});

test("rolling: the new set grows first, then the old one shrinks as far as availability allows", () => {
  const [current, old] = [set(0), set(4)];
  assert.deepEqual(sizes(planRollingUpdate(deployment(4), { current, old: [old] })), [
    [current.metadata.name, 1],
  ]);
  const [one, four] = [set(1, 0), set(4)];
  assert.deepEqual(sizes(planRollingUpdate(deployment(4), { current: one, old: [four] })), [
    [four.metadata.name, 3],
  ]);
  const waiting = { current: set(2, 0), old: [set(3)] };
  assert.deepEqual(planRollingUpdate(deployment(4), waiting), []);
});

test("rolling: pods that do not serve anyway go first, from the oldest", () => {
  const [current, oldest, older] = [set(2, 2), set(2, 0), set(2, 2)];
  const resizes = planRollingUpdate(deployment(4, 2, 0), { current, old: [oldest, older] });
  assert.deepEqual(sizes(resizes), [[oldest.metadata.name, 0]]);
});

test("rolling: a set that is too big shrinks", () => {
  const current = set(5);
  assert.deepEqual(sizes(planRollingUpdate(deployment(3), { current, old: [] })), [
    [current.metadata.name, 3],
  ]);
});

test("recreate: all old sets go to nothing", () => {
  const [empty, full] = [set(0), set(2)];
  assert.deepEqual(sizes(planRecreate({ current: undefined, old: [empty, full] })), [
    [full.metadata.name, 0],
  ]);
});

test("scaling in the middle of a rollout keeps the proportions", () => {
  const marks = { [DESIRED]: "10", [MAX]: "13" };
  const [current, old] = [set(5, 5, marks), set(8, 8, marks)];
  assert.ok(isScaling(deployment(20), { current, old: [old] }));
  assert.ok(!isScaling(deployment(10), { current, old: [old] }));
  // 20 wanted with a surge of 5: from 13 to 25.
  assert.deepEqual(
    sizes(planScale(deployment(20), { current, old: [old] })).toSorted(),
    [
      [current.metadata.name, 10],
      [old.metadata.name, 15],
    ].toSorted(),
  );
  const down = planScale(deployment(0), { current, old: [old] });
  assert.deepEqual(
    sizes(down).map(([, replicas]) => replicas),
    [0, 0],
  );
});

test("scaling outside of a rollout sizes the only set", () => {
  const current = set(3);
  assert.deepEqual(sizes(planScale(deployment(7), { current, old: [set(0)] })), [[current.metadata.name, 7]]);
});

test("revisions: a set that comes back keeps what it was before", () => {
  const back = set(0, 0, { "deployment.kubernetes.io/revision": "1" });
  const other = set(3, 3, { "deployment.kubernetes.io/revision": "2" });
  const revision = nextRevision([other]);
  assert.deepEqual(annotationsOf(deployment(3), back, revision), {
    "deployment.kubernetes.io/revision": "3",
    "deployment.kubernetes.io/revision-history": "1",
  });
});

test("history: empty sets beyond the limit are forgotten, oldest revision first", () => {
  const revision = (number: number, replicas = 0) =>
    set(replicas, 0, { "deployment.kubernetes.io/revision": `${number}` });
  const old = [revision(3), revision(1), revision(2, 1)];
  assert.deepEqual(forgettable(deployment(1), old), [old[1]]);
});

test("the hash tells templates apart, and the label itself does not count", () => {
  const template = { metadata: { labels: { a: "b" } }, spec: { containers: [] } } as never;
  const hash = templateHash(template, 0);
  assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
  assert.equal(templateHash(withHash(template, hash), 0), hash);
  assert.ok(sameTemplate(template, withHash(template, hash)));
  assert.notEqual(templateHash(template, 1), hash);
});
