import type { Case } from "../case.ts";
import { type ControlPlane, startControlPlane } from "../control-plane.ts";
import { closedLoop } from "../load/closed-loop.ts";
import { openAll } from "../load/create-pods.ts";
import { H1Connection, h1Request } from "../load/h1-connection.ts";
import { cpuMicros } from "../proc.ts";
import { median } from "../figures.ts";
import { pause } from "../workspace.ts";

const CUSTOM = "/apis/bench.example.com/v1/namespaces/default/webs";
const BUILT_IN = "/apis/apps/v1/namespaces/default/deployments";
const WORKERS = 10;
const LISTS = 5;

/** A custom kind beside a built-in one with objects of the same shape. */
export const custom: Case = {
  name: "custom",
  async run({ rounds, quick, note }) {
    const forMs = quick ? 1_000 : 3_000;
    for (let round = 0; round < rounds; round++) {
      const server = await startControlPlane();
      try {
        await define(server);
        const created = await creates(server, CUSTOM, "bench.example.com/v1", "Web", forMs);
        note("custom.create", created.perSecond);
        note("custom.create.cpu", created.cpuMicros);
        note("custom.list.cpu", await listCpu(server, CUSTOM, created.count));
        const builtIn = await creates(server, BUILT_IN, "apps/v1", "Deployment", forMs);
        note("built-in.create", builtIn.perSecond);
        note("built-in.create.cpu", builtIn.cpuMicros);
        note("built-in.list.cpu", await listCpu(server, BUILT_IN, builtIn.count));
      } finally {
        await server.stop();
      }
    }
  },
};

async function creates(server: ControlPlane, path: string, apiVersion: string, kind: string, forMs: number) {
  const connections = await openAll(server, WORKERS);
  let count = 0;
  const load = await closedLoop({
    pid: server.pid,
    workers: WORKERS,
    forMs,
    async request(worker) {
      const { status } = await connections[worker]!.send(
        h1Request("POST", path, webBody(apiVersion, kind, `web-${count++}`)),
      );
      if (status !== 201) throw new Error(`${kind} was not created: ${status}`);
    },
  });
  for (const connection of connections) connection.close();
  return { ...load, count };
}

/** CPU of the server for each object of a LIST, in microseconds. */
async function listCpu(server: ControlPlane, path: string, count: number): Promise<number> {
  const connection = await H1Connection.open(server);
  const took: number[] = [];
  for (let index = 0; index < LISTS; index++) {
    const before = cpuMicros(server.pid);
    await connection.send(h1Request("GET", path));
    took.push((cpuMicros(server.pid) - before) / count);
  }
  connection.close();
  return median(took);
}

/** Paused, so that no controller makes anything of the built-in ones. */
const webBody = (apiVersion: string, kind: string, name: string): string =>
  JSON.stringify({
    apiVersion,
    kind,
    metadata: { name, namespace: "default", labels: { app: "web" } },
    spec: {
      replicas: 0,
      paused: true,
      minReadySeconds: 10,
      revisionHistoryLimit: 3,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "web", image: "registry.example.com/shop/web:1.27.3" }] },
      },
    },
  });

const text = { type: "string" };
const whole = { type: "integer" };
const texts = { type: "object", additionalProperties: text };
const object = (properties: object) => ({ type: "object", properties });

async function define(server: ControlPlane): Promise<void> {
  const container = object({ name: text, image: text });
  const template = object({
    metadata: object({ labels: texts }),
    spec: object({ containers: { type: "array", items: container } }),
  });
  const spec = {
    ...object({
      replicas: { ...whole, minimum: 0, default: 1 },
      paused: { type: "boolean" },
      minReadySeconds: whole,
      revisionHistoryLimit: whole,
      selector: object({ matchLabels: texts }),
      template,
    }),
    required: ["selector", "template"],
    "x-kubernetes-validations": [{ rule: "self.minReadySeconds >= 0", message: "no time runs backwards" }],
  };
  const version = {
    name: "v1",
    served: true,
    storage: true,
    schema: { openAPIV3Schema: object({ spec, status: object({ replicas: whole }) }) },
  };
  const body = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "webs.bench.example.com" },
    spec: {
      group: "bench.example.com",
      scope: "Namespaced",
      names: { plural: "webs", singular: "web", kind: "Web", listKind: "WebList" },
      versions: [version],
    },
  };
  const connection = await H1Connection.open(server);
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const { status } = await connection.send(h1Request("POST", path, JSON.stringify(body)));
  if (status !== 201) throw new Error(`the kind was not defined: ${status}`);
  while ((await connection.send(h1Request("GET", CUSTOM))).status !== 200) await pause(10);
  connection.close();
}
