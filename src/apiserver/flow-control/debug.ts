import { noSuchResource } from "#machinery/status";
import { formatMicroTime } from "#machinery/time";
import type { PathHandler } from "../request/handlers.ts";
import type { FlowControl } from "./flow-control.ts";
import type { Ticket } from "./ticket.ts";

type Row = readonly (string | number | boolean)[];

const NONE = "<none>";
const ROOT = "/debug/api_priority_and_fairness/";

const LEVELS = [
  "PriorityLevelName",
  "ActiveQueues",
  "IsIdle",
  "IsQuiescing",
  "WaitingRequests",
  "ExecutingRequests",
  "DispatchedRequests",
  "RejectedRequests",
  "TimedoutRequests",
  "CancelledRequests",
];
const QUEUES = [
  "PriorityLevelName",
  "Index",
  "PendingRequests",
  "ExecutingRequests",
  "SeatsInUse",
  "NextDispatchR",
  "InitialSeatsSum",
  "MaxSeatsSum",
  "TotalWorkSum",
];
const REQUESTS = [
  "PriorityLevelName",
  "FlowSchemaName",
  "QueueIndex",
  "RequestIndexInQueue",
  "FlowDistingsher",
  "ArriveTime",
  "InitialSeats",
  "FinalSeats",
  "AdditionalLatency",
];
const DETAILS = ["UserName", "Verb", "APIPath", "Namespace", "Name", "APIVersion", "Resource", "SubResource"];

/** What waits and what runs, for people who look for the reason of a wait. */
export function debugPath(flow: FlowControl): readonly [path: string, PathHandler] {
  const handler: PathHandler = ({ exchange, headers, info }) => {
    const page = exchange.path.slice(ROOT.length);
    const text =
      page === "dump_priority_levels"
        ? table(LEVELS, levelRows(flow))
        : page === "dump_queues"
          ? table(QUEUES, queueRows(flow))
          : page === "dump_requests"
            ? requests(flow, Boolean(info.query.get("includeRequestDetails")))
            : undefined;
    if (text === undefined) throw noSuchResource();
    exchange.reply(200, { ...headers, "content-type": "text/plain; charset=utf-8" }, Buffer.from(text));
  };
  return [ROOT, handler];
}

function* levelRows({ levels, flows }: FlowControl): Generator<Row> {
  for (const level of levels) {
    const { name, queues, idle, quiescing, waiting, executing } = level;
    const own = flows.filter((flow) => flow.level === level);
    const refused = (
      ...reasons: readonly ("queue-full" | "concurrency-limit" | "time-out" | "cancelled")[]
    ) =>
      own.reduce(
        (sum, { stats }) => sum + reasons.reduce((part, why) => part + (stats.refused.get(why) ?? 0), 0),
        0,
      );
    yield [
      name,
      queues.filter((queue) => queue.waiting.length > 0).length,
      idle,
      quiescing,
      waiting,
      executing,
      own.reduce((sum, { stats }) => sum + stats.dispatched, 0),
      refused("queue-full", "concurrency-limit"),
      refused("time-out"),
      refused("cancelled"),
    ];
  }
}

function* queueRows({ levels }: FlowControl): Generator<Row> {
  for (const { name, queues } of levels) {
    if (queues.length === 0) yield [name, ...QUEUES.slice(1).map(() => NONE)];
    for (const [index, queue] of queues.entries()) {
      const { waiting, executing, seatsInUse, nextDispatchR, waitingSeats, waitingWork } = queue;
      const initial = waiting.reduce((sum, { work }) => sum + work.initialSeats, 0);
      yield [
        name,
        index,
        waiting.length,
        executing,
        seatsInUse,
        seatSeconds(nextDispatchR),
        initial,
        waitingSeats,
        seatSeconds(waitingWork),
      ];
    }
  }
}

const seatSeconds = (seatMs: number): string => `${(seatMs / 1000).toFixed(8)}ss`;

function requests({ levels }: FlowControl, withDetails: boolean): string {
  const rows: Row[] = [];
  for (const { name, queues } of levels) {
    for (const [index, { waiting }] of queues.entries()) {
      for (const [position, ticket] of waiting.entries())
        rows.push([...requestRow(name, index, position, ticket), ...(withDetails ? detailsOf(ticket) : [])]);
    }
  }
  return table(withDetails ? [...REQUESTS, ...DETAILS] : REQUESTS, rows);
}

function requestRow(level: string, queue: number, position: number, ticket: Ticket): Row {
  const { flow, work, user, info, arrivedMs } = ticket;
  const { initialSeats, finalSeats, additionalMs } = work;
  const arrived = formatMicroTime(arrivedMs);
  const distinguisher = flow.distinguisherOf(user, info);
  const latency = additionalMs === 0 ? "0s" : `${additionalMs}ms`;
  return [level, flow.name, queue, position, distinguisher, arrived, initialSeats, finalSeats, latency];
}

function detailsOf({ user, info }: Ticket): Row {
  const { verb, path, namespace, name, group, version, resource, subresource } = info;
  const apiVersion = group === "" ? version : `${group}/${version}`;
  return [user.name, verb, path, namespace, name, apiVersion, resource, subresource];
}

/** Columns are at least this wide, and parted by a comma and a tab stop. */
const WIDTH_MIN = 8;

function table(head: readonly string[], rows: Iterable<Row>): string {
  const lines = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) =>
    Math.max(WIDTH_MIN, ...lines.map((line) => (line[column] ?? "").length + 2)),
  );
  const text = (line: readonly string[]) =>
    line
      .map((cell, column) => (column === line.length - 1 ? cell : `${cell},`.padEnd(widths[column]!)))
      .join("");
  return lines.map((line) => `${text(line)}\n`).join("");
}
