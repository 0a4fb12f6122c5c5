import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { FlowSchema } from "#api/flowcontrol-v1/flowschema";
import { everything } from "#api/flowcontrol-v1/mandatory";
import { PriorityLevelConfiguration } from "#api/flowcontrol-v1/prioritylevelconfiguration";
import { made } from "#api/test-kit";
import { VirtualClock } from "#base/virtual-clock";
import type { RequestInfo, User } from "../contracts.ts";
import { requestInfoOf } from "../request/request-info.ts";
import { allocate } from "./allocation.ts";
import { seatLimits, shareOut } from "./configuration.ts";
import { DroppedRequests } from "./dropped-requests.ts";
import { FlowControl } from "./flow-control.ts";
import { registerFlowMetrics } from "./flow-metrics.ts";
import { SeatDemand } from "./seat-demand.ts";
import { deal, flowHash } from "./shuffle.ts";
import { SUGGESTED_FLOW_SCHEMAS, SUGGESTED_PRIORITY_LEVELS } from "./suggested.ts";
import type { Ticket } from "./ticket.ts";
import { estimateWork } from "./work-estimate.ts";

const account = (namespace: string, name: string): User => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
});
const named = (name: string, ...groups: string[]): User => ({
  name,
  groups: [...groups, "system:authenticated"],
});

const asked = (method: string, target: string): RequestInfo => {
  const [path = "", search = ""] = target.split("?");
  return requestInfoOf(method, path, search);
};

const GET = asked("GET", "/api/v1/namespaces/a/pods/x");

const suggestedSchemas = Object.entries(SUGGESTED_FLOW_SCHEMAS).map(([name, spec]) =>
  made(FlowSchema, { metadata: { name, uid: `schema-${name}` }, spec }),
);
const suggestedLevels = Object.entries(SUGGESTED_PRIORITY_LEVELS).map(([name, spec]) =>
  made(PriorityLevelConfiguration, { metadata: { name, uid: `level-${name}` }, spec }),
);

const schemaFor = (name: string, level: string, precedence: number, spec: object = {}) =>
  made(FlowSchema, {
    metadata: { name },
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence: precedence,
      distinguisherMethod: { type: "ByUser" },
      rules: [everything({ kind: "User", user: { name: "*" } })],
      ...spec,
    },
  });

const levelOf = (name: string, nominalConcurrencyShares: number, limited: object) =>
  made(PriorityLevelConfiguration, {
    metadata: { name },
    spec: { type: "Limited", limited: { nominalConcurrencyShares, ...limited } },
  });

const queued = (queues: number, handSize: number, queueLengthLimit: number) => ({
  limitResponse: { type: "Queue", queuing: { queues, handSize, queueLengthLimit } },
});

interface World {
  readonly clock: VirtualClock;
  readonly flow: FlowControl;
  /** Enters; resolves when the request may run or is refused. */
  enter(user: User, info?: RequestInfo, signal?: AbortSignal): Promise<Ticket>;
  readonly counts: Record<string, number>;
}

function world(
  seats = 600,
  configuration: readonly [readonly FlowSchema[], readonly PriorityLevelConfiguration[]] = [
    suggestedSchemas,
    suggestedLevels,
  ],
): World {
  const clock = new VirtualClock();
  const counts: Record<string, number> = {};
  const flow = new FlowControl({
    clock,
    seats,
    waitMs: 15_000,
    stored: ({ resource }) => ({ objects: counts[resource] ?? 0, bytes: 0 }),
    listsBySize: false,
  });
  flow.configure(...configuration);
  return {
    clock,
    flow,
    counts,
    enter: async (user, info = GET, signal = new AbortController().signal) =>
      flow.enter(user, info, clock.monotonic(), () => signal),
  };
}

/** One turn of the event loop and all that follows at once. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/** Time passes in steps, so that what is freed in one turn is given out before the next step. */
async function pass(clock: VirtualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10) {
    await clock.advance(10);
    await turn();
  }
}

test("a request belongs to the first flow schema that matches who asks and for what", async () => {
  const { enter } = world();
  const lease = asked("PUT", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x");
  const cases: readonly (readonly [User, RequestInfo, string, string])[] = [
    [named("admin", "system:masters"), GET, "exempt", "exempt"],
    [named("system:node:a", "system:nodes"), GET, "system-nodes", "system"],
    [named("system:node:a", "system:nodes"), lease, "system-node-high", "node-high"],
    [
      named("system:node:a", "system:nodes"),
      asked("PATCH", "/api/v1/nodes/a/status"),
      "system-node-high",
      "node-high",
    ],
    [named("system:kube-scheduler"), lease, "system-leader-election", "leader-election"],
    [named("system:kube-scheduler"), GET, "kube-scheduler", "workload-high"],
    [
      named("system:kube-controller-manager"),
      asked("PUT", "/api/v1/namespaces/a/endpoints/x"),
      "endpoint-controller",
      "workload-high",
    ],
    [account("kube-system", "any"), GET, "kube-system-service-accounts", "workload-high"],
    [
      account("kube-system", "any"),
      asked("GET", "/api/v1/namespaces/a/configmaps/x"),
      "workload-leader-election",
      "leader-election",
    ],
    [account("default", "any"), GET, "service-accounts", "workload-low"],
    [named("mary"), asked("GET", "/livez"), "probes", "exempt"],
    [named("mary"), asked("GET", "/livez/ping"), "global-default", "global-default"],
    [named("mary"), GET, "global-default", "global-default"],
    [{ name: "nobody", groups: [] }, GET, "catch-all", "catch-all"],
  ];
  for (const [user, info, schema, level] of cases) {
    const { flow } = await enter(user, info);
    assert.deepEqual([flow.name, flow.level.name], [schema, level], `${user.name} ${info.verb} ${info.path}`);
  }
});

test("what is not stored of the mandatory objects is there nonetheless", async () => {
  const { enter, flow } = world(600, [[], []]);
  assert.equal((await enter(named("mary"))).flow.name, "catch-all");
  assert.equal((await enter(named("admin", "system:masters"))).flow.name, "exempt");
  assert.deepEqual(
    [...flow.levels].map(({ name }) => name),
    ["exempt", "catch-all"],
  );
});

test("a schema whose level is missing matches nothing and is named", async () => {
  const { flow, enter } = world();
  const { dangling } = flow.configure([schemaFor("lost", "nowhere", 10)], []);
  assert.deepEqual(
    dangling.map(({ metadata }) => metadata.name),
    ["lost"],
  );
  assert.equal((await enter(named("mary"))).flow.name, "catch-all");
});

test("seats are divided by shares, rounded up", () => {
  const { flow } = world(600);
  const nominal = Object.fromEntries([...flow.levels].map(({ name, limits }) => [name, limits.nominal]));
  assert.deepEqual(nominal, {
    exempt: 0,
    "catch-all": 13,
    system: 74,
    "node-high": 98,
    "leader-election": 25,
    "workload-high": 98,
    "workload-low": 245,
    "global-default": 49,
  });
});

test("lending and borrowing bound a level", () => {
  const level = levelOf("l", 50, {
    lendablePercent: 40,
    borrowingLimitPercent: 30,
    limitResponse: { type: "Reject" },
  });
  assert.deepEqual(seatLimits(level, 200, 100), { nominal: 100, min: 60, max: 130 });
  const unbounded = levelOf("l", 50, { limitResponse: { type: "Reject" } });
  assert.deepEqual(seatLimits(unbounded, 200, 100), { nominal: 100, min: 100, max: 300 });
});

test("a level that rejects has as many at once as seats", async () => {
  const rejecting = levelOf("r", 5, { limitResponse: { type: "Reject" } });
  const { enter, flow } = world(10, [[schemaFor("all", "r", 10)], [rejecting]]);
  const user = named("mary");
  const running = await Promise.all(Array.from({ length: 6 }, () => enter(user)));
  assert.deepEqual(
    running.map(({ refused }) => refused),
    [undefined, undefined, undefined, undefined, undefined, "concurrency-limit"],
  );
  flow.leave(running[0]!);
  await turn();
  assert.equal((await enter(user)).refused, undefined);
});

test("who asks little overtakes who asks much", async () => {
  // As many queues as cards, so that both users certainly have one of their own.
  const level = levelOf("q", 5, queued(8, 1, 100));
  const { enter, flow, clock } = world(2, [[schemaFor("all", "q", 10)], [level]]);
  const [noisy, quiet] = [named("noisy"), named("quiet")];
  const order: string[] = [];
  const serve = async (user: User) => {
    const ticket = await enter(user);
    assert.equal(ticket.refused, undefined);
    order.push(user.name);
    await new Promise<void>((resolve) => void clock.after(10, resolve));
    flow.leave(ticket);
  };
  const noise = Array.from({ length: 40 }, () => serve(noisy));
  await turn();
  const asked = serve(quiet);
  await pass(clock, 1000);
  await Promise.all([...noise, asked]);
  assert.equal(order.length, 41);
  assert.ok(order.indexOf("quiet") <= 2, `served as number ${order.indexOf("quiet")}`);
});

test("flows that both ask much get the same", async () => {
  const level = levelOf("q", 5, queued(8, 1, 1000));
  const { enter, flow, clock } = world(2, [[schemaFor("all", "q", 10)], [level]]);
  const served = new Map<string, number>();
  const serve = async (user: User, ms: number) => {
    const ticket = await enter(user);
    if (ticket.refused) return;
    await new Promise<void>((resolve) => void clock.after(ms, resolve));
    flow.leave(ticket);
    served.set(user.name, (served.get(user.name) ?? 0) + ms);
  };
  // The same work in many short requests and in few long ones.
  for (let i = 0; i < 400; i++) void serve(named("short"), 10);
  for (let i = 0; i < 80; i++) void serve(named("long"), 50);
  await turn();
  await pass(clock, 1500);
  const [short = 0, long = 0] = [served.get("short"), served.get("long")];
  assert.ok(Math.abs(short - long) <= 300, `${short} ms and ${long} ms`);
  flow.close();
});

test("a queue has an end", async () => {
  const level = levelOf("q", 5, queued(1, 1, 3));
  const { enter, flow } = world(1, [[schemaFor("all", "q", 10)], [level]]);
  const user = named("mary");
  const first = await enter(user);
  const waiting = Array.from({ length: 3 }, () => enter(user));
  await turn();
  assert.equal((await enter(user)).refused, "queue-full");
  flow.leave(first);
  await turn();
  assert.equal((await waiting[0]!).refused, undefined);
  flow.close();
  assert.equal((await waiting[1]!).refused, "cancelled");
});

test("a wait ends in time, and with the client", async () => {
  const level = levelOf("q", 5, queued(1, 1, 30));
  const { enter, clock, flow } = world(1, [[schemaFor("all", "q", 10)], [level]]);
  const user = named("mary");
  const first = await enter(user);
  const gone = new AbortController();
  const [late, left] = [enter(user), enter(user, GET, gone.signal)];
  await turn();
  gone.abort();
  assert.equal((await left).refused, "cancelled");
  await clock.advance(14_999);
  assert.equal([...flow.levels].find(({ name }) => name === "q")!.waiting, 1);
  await clock.advance(1);
  assert.equal((await late).refused, "time-out");
  flow.leave(first);
  await turn();
  assert.equal((await enter(user)).refused, undefined);
});

test("a wide request is not starved by narrow ones", async () => {
  const level = levelOf("q", 100, queued(8, 1, 100));
  const { enter, flow, counts, clock } = world(20, [[schemaFor("all", "q", 10)], [level]]);
  counts.pods = 100_000;
  const order: string[] = [];
  const serve = async (user: User, info: RequestInfo) => {
    const ticket = await enter(user, info);
    order.push(user.name);
    await new Promise<void>((resolve) => void clock.after(10, resolve));
    flow.leave(ticket);
    return ticket.work.initialSeats;
  };
  // More than there are seats for; as soon as one ends, another one could begin.
  const narrow = Array.from({ length: 100 }, () => serve(named("narrow"), GET));
  await turn();
  const wide = serve(named("wide"), asked("GET", "/api/v1/pods"));
  await pass(clock, 2000);
  assert.equal(await wide, 3, "15 percent of the seats");
  await Promise.all(narrow);
  assert.ok(order.indexOf("wide") < 60, `served as number ${order.indexOf("wide")}`);
});

test("a request that is wider than its level goes alone", async () => {
  const level = levelOf("q", 1, queued(1, 1, 100));
  const { enter, flow } = world(3, [[schemaFor("all", "q", 10)], [level]]);
  const ends = Array.from({ length: 20 }, () => flow.watches.opened(asked("GET", "/api/v1/pods?watch=1")));
  const at = [...flow.levels].find(({ name }) => name === "q")!;
  at.limits = { ...at.limits, nominal: 600 };
  const write = asked("PUT", "/api/v1/namespaces/a/pods/x");
  const first = await enter(named("mary"));
  let isIn = false;
  const wide = enter(named("mary"), write).then((ticket) => {
    isIn = true;
    return ticket;
  });
  await turn();
  assert.equal(isIn, false);
  flow.leave(first);
  assert.ok((await wide).work.finalSeats > at.limit);
  for (const end of ends) end();
});

test("writes that many watch keep seats while these are told", async () => {
  const level = levelOf("q", 5, queued(1, 1, 100));
  const { enter, flow, clock } = world(200, [[schemaFor("all", "q", 10)], [level]]);
  const watch = asked("GET", "/api/v1/pods?watch=1");
  const ends = Array.from({ length: 40 }, () => flow.watches.opened(watch));
  const write = asked("PUT", "/api/v1/namespaces/a/pods/x");
  const ticket = await enter(named("mary"), write);
  assert.deepEqual(ticket.work, { initialSeats: 1, finalSeats: 4, additionalMs: 5 });
  const { level: at } = ticket.flow;
  assert.equal(at.seatsInUse, 4);
  flow.leave(ticket);
  await turn();
  assert.equal(at.seatsInUse, 4, "still being told");
  assert.equal(at.executing, 0);
  await clock.advance(5);
  assert.equal(at.seatsInUse, 0);
  for (const end of ends) end();
  assert.equal((await enter(named("mary"), write)).work.finalSeats, 0);
});

test("a level borrows what others do not use, and gives it back when they do", async () => {
  const levels = [
    levelOf("busy", 50, { ...queued(1, 1, 1000), lendablePercent: 50 }),
    levelOf("idle", 50, { ...queued(1, 1, 1000), lendablePercent: 50 }),
  ];
  const schemas = [
    schemaFor("one", "busy", 10, { rules: [everything({ kind: "User", user: { name: "busy" } })] }),
    schemaFor("two", "idle", 11, { rules: [everything({ kind: "User", user: { name: "idle" } })] }),
  ];
  const { enter, flow, clock } = world(105, [schemas, levels]);
  const at = (name: string) => [...flow.levels].find((level) => level.name === name)!;
  const work = Array.from({ length: 200 }, () => enter(named("busy")));
  await clock.advance(10_000);
  assert.ok(at("busy").limit > 60, `has ${at("busy").limit} seats`);
  assert.equal(at("busy").seatsInUse, at("busy").limit);
  assert.ok(at("idle").limit >= at("idle").limits.min);
  const more = Array.from({ length: 100 }, () => enter(named("idle")));
  await clock.advance(10_000);
  // Each has what it has by its shares when both want more than that.
  assert.deepEqual([at("busy").limit, at("idle").limit], [50, 50]);
  flow.close();
  await Promise.all([...work, ...more].map((one) => Promise.race([one, turn()])));
});

test("a level that is deleted serves who waits in it, and is gone when it is idle", async () => {
  const level = levelOf("q", 5, queued(1, 1, 100));
  const { enter, flow } = world(1, [[schemaFor("all", "q", 10)], [level]]);
  const user = named("mary");
  const first = await enter(user);
  const second = enter(user);
  await turn();
  flow.configure([], []);
  assert.equal((await enter(user)).flow.level.name, "catch-all");
  flow.leave(first);
  await turn();
  const served = await second;
  assert.equal(served.refused, undefined);
  flow.leave(served);
  await turn();
  assert.deepEqual(
    [...flow.levels].map(({ name }) => name),
    ["exempt", "catch-all"],
  );
});

test("fewer queues take effect as they empty; more at once", async () => {
  const { enter, flow } = world(1, [[schemaFor("all", "q", 10)], [levelOf("q", 5, queued(8, 4, 10))]]);
  const first = await enter(named("a"));
  const served = ["b", "c", "d"].map(async (name) => {
    const ticket = await enter(named(name));
    assert.equal(ticket.refused, undefined);
    flow.leave(ticket);
  });
  await turn();
  flow.configure([schemaFor("all", "q", 10)], [levelOf("q", 5, queued(2, 1, 10))]);
  flow.leave(first);
  await Promise.all(served);
  await turn();
  const q = [...flow.levels].find(({ name }) => name === "q")!;
  assert.equal(q.queues.length, 2);
  flow.configure([schemaFor("all", "q", 10)], [levelOf("q", 5, queued(16, 4, 10))]);
  assert.equal(q.queues.length, 16);
});

test("how full a level was is known over time", async () => {
  const { enter, flow, clock } = world(10, [
    [schemaFor("all", "q", 10)],
    [levelOf("q", 5, queued(1, 1, 10))],
  ]);
  const ticket = await enter(named("mary"));
  const { utilization, limit } = ticket.flow.level;
  await clock.advance(2);
  flow.leave(ticket);
  await turn();
  await clock.advance(3);
  const { seats, waiting } = utilization.read(clock.monotonic());
  assert.equal(limit, 5);
  // One of five seats for two milliseconds, none for three.
  assert.deepEqual([...seats.counts].slice(0, 3), [3e6, 2e6, 0]);
  assert.ok(Math.abs(seats.sum - 0.2 * 2e6) < 1);
  assert.equal(waiting.counts[0], 5e6);
});

test("when the next requests of queues are to begin is shown while some wait", async () => {
  const { enter, flow, clock } = world(1, [[schemaFor("all", "q", 10)], [levelOf("q", 5, queued(1, 1, 10))]]);
  const registry = new Registry();
  registerFlowMetrics(registry, flow);
  const shown = async (name: string) => {
    const text = await registry.metrics();
    return [...text.matchAll(new RegExp(`^apiserver_flowcontrol_${name}\\{priority_level="q".*$`, "gm"))].map(
      ([line]) => line.replace(/^[^{]*\{priority_level="q",?/, "").replace("}", ""),
    );
  };
  assert.deepEqual(await shown("next_s_bounds"), []);
  const first = await enter(named("mary"));
  const second = enter(named("mary"));
  await clock.advance(4);
  // The one before it is thought to take three milliseconds, and holds its seat.
  assert.deepEqual(await shown("next_s_bounds"), ['bound="min" 0.003', 'bound="max" 0.003']);
  assert.deepEqual(await shown("next_discounted_s_bounds"), ['bound="min" 0', 'bound="max" 0']);
  flow.leave(first);
  flow.leave(await second);
  assert.deepEqual(await shown("next_s_bounds"), []);
  // It took four.
  assert.deepEqual(await shown("latest_s"), [" 0.004"]);
  assert.deepEqual(await shown("dispatch_r"), [" 0.004"]);
});

test("hands are dealt without repetition, alike for the same flow, and evenly", () => {
  const seen = Array.from({ length: 128 }, () => 0);
  for (let user = 0; user < 2000; user++) {
    const hand = deal(flowHash("schema", `user-${user}`), 128, 6);
    assert.equal(new Set(hand).size, 6);
    assert.ok(hand.every((card) => card >= 0 && card < 128));
    for (const card of hand) seen[card]!++;
  }
  assert.deepEqual(deal(flowHash("a", "b"), 128, 6), deal(flowHash("a", "b"), 128, 6));
  // 94 on average.
  assert.ok(
    Math.min(...seen) > 50 && Math.max(...seen) < 150,
    `${Math.min(...seen)} to ${Math.max(...seen)}`,
  );
  assert.deepEqual(
    deal(0n, 3, 3).toSorted((a, b) => a - b),
    [0, 1, 2],
  );
});

test("shares are in proportion to targets, within bounds, and sum up", () => {
  const claims = [
    { lower: 10, upper: 100, target: 20 },
    { lower: 5, upper: 8, target: 20 },
    { lower: 0, upper: 100, target: 10 },
  ];
  const { parts, proportion } = allocate(68, claims)!;
  assert.deepEqual(parts, [40, 8, 20]);
  assert.equal(proportion, 2);
  assert.deepEqual(allocate(15, claims)?.parts.slice(0, 2), [10, 5]);
  assert.equal(allocate(14, claims), undefined);
  assert.equal(allocate(300, claims), undefined);
});

test("where not even what is wanted can be had, every level gets its part between its minimum and its wish", () => {
  const claim = { exempt: false, smoothed: 0, current: 7 };
  const limits = { nominal: 10, min: 2, max: 20 };
  const { seats, fairProportion } = shareOut([
    { ...claim, limits, highWatermark: 10 },
    { ...claim, limits, highWatermark: 10 },
    { exempt: true, smoothed: 0, current: 0, limits: { nominal: 0, min: 0, max: 20 }, highWatermark: 8 },
  ]);
  assert.deepEqual(seats, [6, 6, 8]);
  assert.equal(fairProportion, 0);
});

test("demand is smoothed: up at once, down slowly", () => {
  const demand = new SeatDemand(0);
  demand.set(10, 0);
  demand.set(0, 5_000);
  demand.close(10_000);
  assert.deepEqual([demand.highWatermark, demand.average, demand.deviation, demand.smoothed], [10, 5, 5, 10]);
  demand.close(20_000);
  assert.equal(demand.highWatermark, 0);
  assert.ok(Math.abs(demand.smoothed - 9.77) < 1e-9);
});

test("clients are told to wait longer while many are refused, and less when that is over", () => {
  const dropped = new DroppedRequests();
  let now = 0;
  const seconds = (count: number, perSecond: number) => {
    for (const end = now + count * 1000; now < end; now += 1000)
      for (let i = 0; i < perSecond; i++) dropped.record(now + i);
  };
  assert.equal(dropped.retryAfterSeconds, 1);
  seconds(4, 100);
  assert.ok(dropped.retryAfterSeconds > 1);
  seconds(200, 1000);
  assert.equal(dropped.retryAfterSeconds, 32);
  seconds(400, 1);
  assert.equal(dropped.retryAfterSeconds, 1);
});

const LIST = "/api/v1/namespaces/a/pods";
const WORK: readonly (readonly [string, string, number])[] = [
  ["GET", `${LIST}/x`, 1],
  ["GET", LIST, 5],
  ["GET", `${LIST}?limit=100`, 5],
  ["GET", `${LIST}?resourceVersion=0&limit=100`, 5],
  ["GET", `${LIST}?resourceVersion=7&limit=100`, 2],
  ["GET", `${LIST}?resourceVersion=7&resourceVersionMatch=Exact`, 9],
  ["GET", `${LIST}?continue=x&limit=100&labelSelector=a`, 6],
  ["GET", `${LIST}?fieldSelector=metadata.name=x`, 1],
  ["GET", `${LIST}?watch=1`, 1],
  ["GET", `${LIST}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`, 5],
  ["GET", "/metrics", 1],
];

for (const [method, target, seats] of WORK) {
  test(`${method} ${target} takes ${seats} seats where there are 450 objects`, () => {
    const sizes = {
      seatsMax: Infinity,
      stored: () => ({ objects: 450, bytes: 1 }),
      watches: () => 0,
      bySize: false,
    };
    assert.equal(estimateWork(asked(method, target), sizes).initialSeats, seats);
  });
}

const SIZED_WORK: readonly (readonly [string, number])[] = [
  [`${LIST}/x`, 1],
  [LIST, 10],
  [`${LIST}?limit=3`, 3],
  [`${LIST}?resourceVersion=0&limit=3`, 3],
  [`${LIST}?watch=1`, 1],
  [`${LIST}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`, 10],
  [`${LIST}?resourceVersion=7&limit=30`, 30],
  [`${LIST}?resourceVersion=7&resourceVersionMatch=Exact`, 100],
  [`${LIST}?continue=x&limit=3&labelSelector=a`, 100],
  [`${LIST}?fieldSelector=metadata.name=x`, 1],
];

for (const [target, seats] of SIZED_WORK) {
  test(`${target} takes ${seats} seats where there are 450 objects of 100 kB`, () => {
    const sizes = {
      seatsMax: Infinity,
      stored: () => ({ objects: 450, bytes: 45_000_000 }),
      watches: () => 0,
      bySize: true,
    };
    assert.equal(estimateWork(asked("GET", target), sizes).initialSeats, seats);
  });
}

test("no list takes more seats than its level lets it, and one of nothing takes one", () => {
  const stored = { objects: 450, bytes: 45_000_000 };
  const seatsOf = (seatsMax: number, of: typeof stored) => {
    const sizes = { seatsMax, stored: () => of, watches: () => 0, bySize: true };
    return estimateWork(asked("GET", LIST), sizes).initialSeats;
  };
  assert.equal(seatsOf(3, stored), 3);
  assert.equal(seatsOf(Infinity, { objects: 0, bytes: 0 }), 1);
});
