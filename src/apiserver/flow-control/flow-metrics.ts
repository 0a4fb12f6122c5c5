import type { Registry } from "prom-client";
import type { Histogram } from "../instruments/histogram.ts";
import { type Instrument, type Sample, register } from "../instruments/instrument.ts";
import type { FlowControl } from "./flow-control.ts";
import type { FlowStats } from "./flow-stats.ts";
import type { PriorityLevel } from "./priority-level.ts";
import { type Queue, SERVICE_MS } from "./queue.ts";

const PREFIX = "apiserver_flowcontrol_";

/** Shows flow control among the server's metrics, under the names that dashboards know. */
export function registerFlowMetrics(registry: Registry, flow: FlowControl): void {
  for (const { name, ...rest } of [...perFlow(flow), ...perLevel(flow)])
    register(registry, { name: `${PREFIX}${name}`, ...rest });
}

const labelsOf = (level: PriorityLevel, schema: string) => ({
  priority_level: level.name,
  flow_schema: schema,
});

function perFlow(flow: FlowControl): Instrument[] {
  const each = (value: (stats: FlowStats) => number | Histogram) =>
    function* (): Generator<Sample> {
      for (const { level, name, stats } of flow.flows)
        yield { labels: labelsOf(level, name), value: value(stats) };
    };
  return [
    counter(
      "dispatched_requests_total",
      "Requests that were served.",
      each(({ dispatched }) => dispatched),
    ),
    counter(
      "request_dispatch_no_accommodation_total",
      "Times that a request was next and there were not enough seats for it.",
      each(({ notFitting }) => notFitting),
    ),
    counter("rejected_requests_total", "Requests that were refused, by reason.", () => refusals(flow)),
    gauge(
      "current_inqueue_requests",
      "Requests that wait in queues.",
      each(({ waiting }) => waiting),
    ),
    gauge(
      "current_inqueue_seats",
      "Seats of requests that wait in queues.",
      each(({ waitingSeats }) => waitingSeats),
    ),
    gauge(
      "current_executing_requests",
      "Requests that are being served.",
      each(({ executing }) => executing),
    ),
    gauge(
      "current_executing_seats",
      "Seats of requests that are being served, and of those whose watchers are being told.",
      each(({ seatsInUse }) => seatsInUse),
    ),
    gauge(
      "request_concurrency_in_use",
      "Seats that are taken, by another name.",
      each(({ seatsInUse }) => seatsInUse),
    ),
    histogram(
      "request_queue_length_after_enqueue",
      "Length of the queue that a request has joined.",
      each(({ queueLength }) => queueLength),
    ),
    histogram("request_wait_duration_seconds", "Seconds that requests waited for a seat.", () => waits(flow)),
    histogram(
      "request_execution_seconds",
      "Seconds that serving requests took.",
      each(({ execution }) => execution),
    ),
    histogram(
      "watch_count_samples",
      "Watches that hear of a request's change.",
      each(({ watches }) => watches),
    ),
    histogram(
      "work_estimated_seats",
      "Seats that requests were thought to take.",
      each(({ seats }) => seats),
    ),
  ];
}

function* refusals({ flows }: FlowControl): Generator<Sample> {
  for (const { level, name, stats } of flows)
    for (const [reason, value] of stats.refused)
      yield { labels: { ...labelsOf(level, name), reason }, value };
}

function* waits({ flows }: FlowControl): Generator<Sample> {
  for (const { level, name, stats } of flows) {
    const labels = labelsOf(level, name);
    yield { labels: { ...labels, execute: "true" }, value: stats.waitedToRun };
    if (stats.refused.size > 0) yield { labels: { ...labels, execute: "false" }, value: stats.waitedInVain };
  }
}

const perLevel = (flow: FlowControl): Instrument[] => [
  ...utilization(flow),
  ...limits(flow),
  ...demand(flow),
  ...progress(flow),
];

/** A sample a level. */
const eachLevel = (flow: FlowControl, value: (level: PriorityLevel) => number) =>
  function* (): Generator<Sample> {
    for (const level of flow.levels) yield { labels: { priority_level: level.name }, value: value(level) };
  };

function utilization(flow: FlowControl): Instrument[] {
  const used = (read: (used: ReturnType<PriorityLevel["utilization"]["read"]>) => Sample[]) =>
    function* (): Generator<Sample> {
      const nowMs = flow.nowMs();
      for (const level of flow.levels)
        for (const { labels, value } of read(level.utilization.read(nowMs)))
          yield { labels: { ...labels, priority_level: level.name }, value };
    };
  return [
    histogram(
      "demand_seats",
      "Wanted seats in relation to those by shares, at every nanosecond.",
      used(({ demand }) => [{ labels: {}, value: demand }]),
    ),
    histogram(
      "priority_level_seat_utilization",
      "Seats in use in relation to those to be had, at every nanosecond.",
      used(({ seats }) => [{ labels: { phase: "executing" }, value: seats }]),
    ),
    histogram(
      "priority_level_request_utilization",
      "Requests in relation to those that there is room for, at every nanosecond.",
      used(({ executing, waiting }) => [
        { labels: { phase: "executing" }, value: executing },
        { labels: { phase: "waiting" }, value: waiting },
      ]),
    ),
  ];
}

const limits = (flow: FlowControl): Instrument[] => [
  gauge(
    "nominal_limit_seats",
    "Seats by shares.",
    eachLevel(flow, ({ limits }) => limits.nominal),
  ),
  gauge(
    "lower_limit_seats",
    "Seats that are not lent.",
    eachLevel(flow, ({ limits }) => limits.min),
  ),
  gauge(
    "upper_limit_seats",
    "Seats with all that may be borrowed.",
    eachLevel(flow, ({ limits }) => limits.max),
  ),
  gauge(
    "current_limit_seats",
    "Seats to be had now.",
    eachLevel(flow, ({ limit }) => limit),
  ),
  gauge(
    "request_concurrency_limit",
    "Seats by shares, by another name.",
    eachLevel(flow, ({ limits }) => limits.nominal),
  ),
];

const demand = (flow: FlowControl): Instrument[] => [
  gauge(
    "demand_seats_high_watermark",
    "Most seats wanted at once of late.",
    eachLevel(flow, ({ demand }) => demand.highWatermark),
  ),
  gauge(
    "demand_seats_average",
    "Seats wanted of late, on average.",
    eachLevel(flow, ({ demand }) => demand.average),
  ),
  gauge(
    "demand_seats_stdev",
    "How much the wanted seats varied of late.",
    eachLevel(flow, ({ demand }) => demand.deviation),
  ),
  gauge(
    "demand_seats_smoothed",
    "Wanted seats, smoothed.",
    eachLevel(flow, ({ demand }) => demand.smoothed),
  ),
  gauge("target_seats", "Seats that borrowing aims at.", eachLevel(flow, targetOf)),
];

/** How far queues and levels have come, by which it is decided who is next. */
const progress = (flow: FlowControl): Instrument[] => [
  gauge(
    "current_r",
    "The level's meter of progress, in seat seconds.",
    eachLevel(flow, ({ currentR }) => currentR / 1000),
  ),
  gauge(
    "dispatch_r",
    "What the meter said when a request was last taken from a queue, in seat seconds.",
    eachLevel(flow, ({ lastTaken }) => lastTaken.r / 1000),
  ),
  gauge(
    "latest_s",
    "When the request that was last taken from a queue was to begin, in seat seconds.",
    eachLevel(flow, ({ lastTaken }) => lastTaken.s / 1000),
  ),
  gauge(
    "next_s_bounds",
    "When the next request of a queue is to begin, first and last, in seat seconds.",
    () => bounds(flow, ({ nextDispatchR }) => nextDispatchR),
  ),
  gauge(
    "next_discounted_s_bounds",
    "The same without what is thought to be under way, in seat seconds.",
    () => bounds(flow, ({ nextDispatchR, seatsInUse }) => nextDispatchR - seatsInUse * SERVICE_MS),
  ),
  gauge("seat_fair_frac", "What every level gets of what it wants.", () => [
    { labels: {}, value: flow.fairProportion },
  ]),
];

/** The least and the most over the queues of each level in which requests wait. */
function* bounds({ levels }: FlowControl, of: (queue: Queue) => number): Generator<Sample> {
  for (const { name, queues } of levels) {
    const all = queues.filter(({ waiting }) => waiting.length > 0).map((queue) => of(queue) / 1000);
    if (all.length === 0) continue;
    yield { labels: { priority_level: name, bound: "min" }, value: Math.min(...all) };
    yield { labels: { priority_level: name, bound: "max" }, value: Math.max(...all) };
  }
}

const targetOf = ({ limits: { min, nominal }, demand: { highWatermark, smoothed } }: PriorityLevel): number =>
  Math.max(min, Math.min(nominal, highWatermark), smoothed);

const instrument =
  (type: Instrument["type"]) =>
  (name: string, help: string, samples: Instrument["samples"]): Instrument => ({ name, help, type, samples });
const counter = instrument("counter");
const gauge = instrument("gauge");
const histogram = instrument("histogram");
