/** Every figure that is measured: what it means, what it aims at, and what it stands beside. One table for code and report. */

export interface FigureKind {
  readonly label: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
  /** The aim, in the figure's unit. */
  readonly aim?: number;
  /** What upstream does, where that was measured or published. */
  readonly upstream?: number;
  /** Another figure of the same run to stand beside: its key. */
  readonly peer?: string;
}

const UPSTREAM_CREATES = { c1: 335, c10: 900, c50: 1_147 };

export const figureKinds = {
  "start.empty": {
    label: "process start to ready, empty store",
    unit: "ms",
    better: "lower",
    aim: 500,
    upstream: 5_200,
  },
  "start.again": {
    label: "process start to ready, restart of the same cluster",
    unit: "ms",
    better: "lower",
    aim: 500,
  },
  "start.6k": {
    label: "process start to ready, 6,000 pods in the store",
    unit: "ms",
    better: "lower",
    aim: 1_000,
  },
  "idle.pss": { label: "memory at rest (PSS)", unit: "MB", better: "lower", aim: 250 },
  "idle.rss": {
    label: "memory at rest with all that it shares (RSS)",
    unit: "MB",
    better: "lower",
    upstream: 522,
  },
  "idle.cpu": {
    label: "CPU at rest, share of one core",
    unit: "%",
    better: "lower",
    aim: 1.5,
    upstream: 4.5,
  },
  "create.h1.c1": {
    label: "durable creates, HTTP/1.1, 1 connection",
    unit: "/s",
    better: "higher",
    aim: 670,
    upstream: UPSTREAM_CREATES.c1,
    peer: "etcd.c1",
  },
  "create.h1.c10": {
    label: "durable creates, HTTP/1.1, 10 connections",
    unit: "/s",
    better: "higher",
    aim: 1_800,
    upstream: UPSTREAM_CREATES.c10,
    peer: "etcd.c10",
  },
  "create.h1.c50": {
    label: "durable creates, HTTP/1.1, 50 connections",
    unit: "/s",
    better: "higher",
    aim: 2_300,
    upstream: UPSTREAM_CREATES.c50,
    peer: "etcd.c50",
  },
  "create.h2.c1": {
    label: "durable creates, HTTP/2, 1 stream",
    unit: "/s",
    better: "higher",
    aim: 670,
    upstream: UPSTREAM_CREATES.c1,
    peer: "etcd.c1",
  },
  "create.h2.c10": {
    label: "durable creates, HTTP/2, 10 streams",
    unit: "/s",
    better: "higher",
    aim: 1_800,
    upstream: UPSTREAM_CREATES.c10,
    peer: "etcd.c10",
  },
  "create.h2.c50": {
    label: "durable creates, HTTP/2, 50 streams",
    unit: "/s",
    better: "higher",
    aim: 2_300,
    upstream: UPSTREAM_CREATES.c50,
    peer: "etcd.c50",
  },
  "create.h1.c1.p50": { label: "… 1 connection, median", unit: "ms", better: "lower", upstream: 2.7 },
  "create.h1.c1.p99": {
    label: "… 1 connection, 99th percentile",
    unit: "ms",
    better: "lower",
    upstream: 11.5,
  },
  "create.h1.c10.p50": { label: "… 10 connections, median", unit: "ms", better: "lower", upstream: 9.8 },
  "create.h1.c10.p99": {
    label: "… 10 connections, 99th percentile",
    unit: "ms",
    better: "lower",
    upstream: 34,
  },
  "create.h1.c50.p50": { label: "… 50 connections, median", unit: "ms", better: "lower", upstream: 36 },
  "create.h1.c50.p99": {
    label: "… 50 connections, 99th percentile",
    unit: "ms",
    better: "lower",
    aim: 76,
    upstream: 153,
  },
  "create.h1.c50.cpu": { label: "server CPU for a create, 50 connections", unit: "µs", better: "lower" },
  "etcd.c1": { label: "etcd's own puts of the same size, 1 at a time", unit: "/s", better: "higher" },
  "etcd.c10": { label: "etcd's own puts of the same size, 10 at a time", unit: "/s", better: "higher" },
  "etcd.c50": { label: "etcd's own puts of the same size, 50 at a time", unit: "/s", better: "higher" },
  "on-etcd.start": {
    label: "process start to ready, on an empty etcd",
    unit: "ms",
    better: "lower",
    peer: "start.empty",
  },
  "on-etcd.create.c1": {
    label: "durable creates on etcd, 1 connection",
    unit: "/s",
    better: "higher",
    upstream: 335,
    peer: "create.h1.c1",
  },
  "on-etcd.create.c10": {
    label: "durable creates on etcd, 10 connections",
    unit: "/s",
    better: "higher",
    upstream: 900,
    peer: "create.h1.c10",
  },
  "on-etcd.create.c50": {
    label: "durable creates on etcd, 50 connections",
    unit: "/s",
    better: "higher",
    upstream: 1_147,
    peer: "create.h1.c50",
  },
  "on-etcd.create.cpu": {
    label: "server CPU for a create on etcd, 50 connections",
    unit: "µs",
    better: "lower",
    peer: "create.h1.c50.cpu",
  },
  "get.h1.cpu": {
    label: "server CPU for a GET of a pod, HTTP/1.1",
    unit: "µs",
    better: "lower",
    aim: 75,
    upstream: 344,
    peer: "bare.h1.cpu",
  },
  "get.h1.rate": {
    label: "GETs of a pod, HTTP/1.1, 20 connections",
    unit: "/s",
    better: "higher",
    upstream: 3_041,
    peer: "bare.h1.rate",
  },
  "get.h2.cpu": {
    label: "server CPU for a GET of a pod, HTTP/2",
    unit: "µs",
    better: "lower",
    aim: 75,
    upstream: 311,
  },
  "get.h2.rate": {
    label: "GETs of a pod, HTTP/2, 20 streams",
    unit: "/s",
    better: "higher",
    upstream: 3_553,
  },
  "bare.h1.cpu": {
    label: "bare Node https server, same bytes: CPU for an answer",
    unit: "µs",
    better: "lower",
  },
  "bare.h1.rate": { label: "bare Node https server, same bytes: answers", unit: "/s", better: "higher" },
  "list.ms": {
    label: "LIST of 6,000 pods, first to last byte read",
    unit: "ms",
    better: "lower",
    aim: 35,
    upstream: 420,
    peer: "bare.list.ms",
  },
  "list.bytes": { label: "… its size", unit: "MB", better: "lower" },
  "list.cpu": { label: "server CPU for such a LIST", unit: "ms", better: "lower" },
  "list.rss": {
    label: "peak memory growth during 8 such LISTs at once",
    unit: "MB",
    better: "lower",
    aim: 32,
    upstream: 500,
  },
  "bare.list.ms": { label: "bare Node https server, as many bytes", unit: "ms", better: "lower" },
  "protobuf.list.ms": {
    label: "the same LIST as protobuf",
    unit: "ms",
    better: "lower",
    upstream: 73,
    peer: "list.ms",
  },
  "protobuf.list.bytes": { label: "… its size", unit: "MB", better: "lower" },
  "protobuf.list.cpu": {
    label: "server CPU for such a LIST as protobuf",
    unit: "ms",
    better: "lower",
    peer: "list.cpu",
  },
  "protobuf.get.cpu": {
    label: "server CPU for a GET of a pod as protobuf, one at a time",
    unit: "µs",
    better: "lower",
  },
  "large.start": {
    label: "process start to ready, 50,000 pods and 5,000 nodes in the store",
    unit: "s",
    better: "lower",
    aim: 1,
  },
  "large.memory": {
    label: "… memory for them, as a multiple of their size on the wire",
    unit: "x",
    better: "lower",
    aim: 1.3,
  },
  "large.object": { label: "… memory of each object", unit: "KB", better: "lower", upstream: 26 },
  "large.list.ms": { label: "LIST of 50,000 pods, first to last byte read", unit: "ms", better: "lower" },
  "large.list.bytes": { label: "… its size", unit: "MB", better: "lower" },
  "large.list.cpu": { label: "server CPU for such a LIST", unit: "ms", better: "lower" },
  "large.page.ms": { label: "first 500 of them", unit: "ms", better: "lower" },
  "large.watch.ms": {
    label: "start of a watch of all of them, until the last is told",
    unit: "ms",
    better: "lower",
  },
  "watch.cpu": {
    label: "server CPU for a delivery to one of 200 watchers",
    unit: "µs",
    better: "lower",
    aim: 2.5,
    upstream: 29,
  },
  "watch.rate": { label: "deliveries to 200 watchers", unit: "/s", better: "higher", upstream: 41_000 },
  "watchers.cpu": {
    label: "server CPU for a delivery to one of 1,000 watchers, one change at a time",
    unit: "µs",
    better: "lower",
  },
  "watchers.last": {
    label: "a change until the last of 1,000 watchers has it, 99th percentile",
    unit: "ms",
    better: "lower",
  },
  "watchers.stalled.last": {
    label: "… while one of them has stopped reading",
    unit: "ms",
    better: "lower",
    peer: "watchers.last",
  },
  "custom.create": {
    label: "durable creates of a custom kind with rules, 10 connections",
    unit: "/s",
    better: "higher",
    peer: "built-in.create",
  },
  "built-in.create": {
    label: "durable creates of Deployments of the same shape",
    unit: "/s",
    better: "higher",
  },
  "custom.create.cpu": {
    label: "server CPU for a create of a custom kind",
    unit: "µs",
    better: "lower",
    peer: "built-in.create.cpu",
  },
  "built-in.create.cpu": {
    label: "server CPU for a create of such a Deployment",
    unit: "µs",
    better: "lower",
  },
  "custom.list.cpu": {
    label: "server CPU for each custom object of a LIST",
    unit: "µs",
    better: "lower",
    peer: "built-in.list.cpu",
  },
  "built-in.list.cpu": {
    label: "server CPU for each such Deployment of a LIST",
    unit: "µs",
    better: "lower",
  },
  "deployment.bound": {
    label: "Deployment of 500 pods, 100 simulated nodes: created to all bound",
    unit: "s",
    better: "lower",
    aim: 2,
    upstream: 2.84,
  },
  "deployment.ready": { label: "… to all ready", unit: "s", better: "lower" },
  "scheduler.rate": {
    label: "pods created and placed on 1,000 nodes, from the first request to the last binding",
    unit: "/s",
    better: "higher",
    aim: 600,
    upstream: 197,
  },
  "pod-start.overhead": {
    label: "pod start above the bare runtime calls",
    unit: "ms",
    better: "lower",
    aim: 100,
  },
  "up.cold": {
    label: "`k8ts up`, first start of a new cluster, until nodes are Ready and DNS answers",
    unit: "s",
    better: "lower",
    aim: 5,
  },
  "up.warm": { label: "`k8ts up` after `k8ts down`", unit: "s", better: "lower", aim: 5 },
  "up.pss": {
    label: "memory of a whole cluster at rest: control plane and node agent (PSS)",
    unit: "MB",
    better: "lower",
    aim: 250,
  },
  "up.cpu": {
    label: "CPU of a whole cluster at rest, share of one core",
    unit: "%",
    better: "lower",
    aim: 1.5,
  },
} satisfies Record<string, FigureKind>;

export type FigureKey = keyof typeof figureKinds;

export const kindOf = (key: FigureKey): FigureKind => figureKinds[key];

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
