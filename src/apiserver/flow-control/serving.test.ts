import assert from "node:assert/strict";
import { type ClientHttp2Session, connect } from "node:http2";
import { test } from "node:test";
import { FlowSchema } from "#api/flowcontrol-v1/flowschema";
import { everything } from "#api/flowcontrol-v1/mandatory";
import { PriorityLevelConfiguration } from "#api/flowcontrol-v1/prioritylevelconfiguration";
import type { User } from "../contracts.ts";
import { type Harness, type HarnessOptions, type Json, startHarness } from "../harness.ts";
import { startListening } from "../listening-harness.ts";
import { AUTO_UPDATE } from "./kept-objects.ts";

const SCHEMAS = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas";
const LEVELS = "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations";
const MAPS = "/api/v1/namespaces/default/configmaps";

const named = (name: string): User => ({ name, groups: ["system:authenticated"] });

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What follows from a change has happened. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn();
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

async function askAs({ server }: Harness, user: User, path: string, method = "GET"): Promise<Answer> {
  const { status, headers, body } = await server.transport(user).raw({ method, path });
  return { status, headers, text: Buffer.concat(await Array.fromAsync(body)).toString() };
}

const rejecting = (name: string, nominalConcurrencyShares: number) => ({
  metadata: { name },
  spec: {
    type: "Limited",
    limited: { nominalConcurrencyShares, limitResponse: { type: "Reject" }, borrowingLimitPercent: 0 },
  },
});

const schemaOf = (name: string, level: string, user = name) => ({
  metadata: { name },
  spec: {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence: 50,
    rules: [everything({ kind: "User", user: { name: user } })],
  },
});

/** A server on which creating a config map waits until the answer is called. */
async function startHeld(t: Parameters<typeof startHarness>[0], options: HarnessOptions = {}) {
  let release = () => undefined as void;
  const held = new Promise<void>((resolve) => (release = resolve));
  const harness = await startHarness(t, {
    ...options,
    admission: [
      {
        name: "Hold",
        handles: ({ resource, operation }) => resource.plural === "configmaps" && operation === "CREATE",
        async validate() {
          await held;
        },
      },
    ],
  });
  const hold = (user: User, name: string) =>
    harness.server.transport(user).raw({
      method: "POST",
      path: MAPS,
      headers: { "content-type": "application/json" },
      body: new TextEncoder().encode(JSON.stringify({ metadata: { name } })),
    });
  return { harness, hold, release };
}

test("mandatory and suggested objects are there from the start, and say so", async (t) => {
  const { ask } = await startHarness(t);
  const schemas: Json[] = (await ask("GET", SCHEMAS)).json.items;
  assert.deepEqual(schemas.map(({ metadata }) => metadata.name).toSorted(), [
    "catch-all",
    "endpoint-controller",
    "exempt",
    "global-default",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-system-service-accounts",
    "probes",
    "service-accounts",
    "system-leader-election",
    "system-node-high",
    "system-nodes",
    "workload-leader-election",
  ]);
  for (const { metadata, status } of schemas) {
    assert.equal(metadata.annotations[AUTO_UPDATE], "true");
    const [{ type, status: said, reason }] = status.conditions;
    assert.deepEqual([type, said, reason], ["Dangling", "False", "Found"], metadata.name);
  }
  const levels: Json[] = (await ask("GET", LEVELS)).json.items;
  assert.deepEqual(levels.map(({ metadata }) => metadata.name).toSorted(), [
    "catch-all",
    "exempt",
    "global-default",
    "leader-election",
    "node-high",
    "system",
    "workload-high",
    "workload-low",
  ]);
});

test("what is deleted of them comes back; what operators change is kept where they say so", async (t) => {
  const { ask } = await startHarness(t);
  assert.equal((await ask("DELETE", `${SCHEMAS}/exempt`)).status, 200);
  await settled();
  assert.equal((await ask("GET", `${SCHEMAS}/exempt`)).status, 200);

  const change = (annotation: string | null) => ({
    metadata: { annotations: { [AUTO_UPDATE]: annotation } },
    spec: { matchingPrecedence: 501 },
  });
  const precedence = async () => {
    await settled();
    const { spec, metadata } = (await ask("GET", `${SCHEMAS}/system-nodes`)).json;
    return [spec.matchingPrecedence, metadata.annotations[AUTO_UPDATE]];
  };
  await ask("PATCH", `${SCHEMAS}/system-nodes`, change("true"));
  assert.deepEqual(await precedence(), [500, "true"]);
  await ask("PATCH", `${SCHEMAS}/system-nodes`, change("false"));
  assert.deepEqual(await precedence(), [501, "false"]);
  // Whose specification has changed belongs to operators where nothing else is said.
  await ask("PATCH", `${SCHEMAS}/system-nodes`, change(null));
  assert.deepEqual(await precedence(), [501, "false"]);

  const mandatory = await ask("PATCH", `${SCHEMAS}/catch-all`, { spec: { matchingPrecedence: 9000 } });
  assert.equal(mandatory.status, 422);
  await ask("PATCH", `${LEVELS}/exempt`, { metadata: { annotations: { [AUTO_UPDATE]: "false" } } });
  await settled();
  const exempt = (await ask("GET", `${LEVELS}/exempt`)).json;
  assert.equal(exempt.metadata.annotations[AUTO_UPDATE], "true");
});

test("what was suggested by another version goes, unless it belongs to operators", async (t) => {
  const { create, ask } = await startHarness(t);
  const old = (name: string, said: string) => {
    const { spec, metadata } = schemaOf(name, "system");
    return { spec, metadata: { ...metadata, annotations: { [AUTO_UPDATE]: said } } };
  };
  await create(FlowSchema, old("ours", "true"));
  await create(FlowSchema, old("theirs", "false"));
  await settled();
  assert.equal((await ask("GET", `${SCHEMAS}/ours`)).status, 404);
  assert.equal((await ask("GET", `${SCHEMAS}/theirs`)).status, 200);
});

test("a flow schema says whether its level exists", async (t) => {
  const { create, ask } = await startHarness(t);
  await create(FlowSchema, schemaOf("mary", "slow"));
  await settled();
  const condition = async () => {
    await settled();
    const { status, metadata } = (await ask("GET", `${SCHEMAS}/mary`)).json;
    const [{ status: said, reason, message }] = status.conditions;
    assert.ok(
      metadata.managedFields.some(
        ({ manager }: Json) => manager === "api-priority-and-fairness-config-consumer-v1",
      ),
    );
    return [said, reason, message];
  };
  const level = 'This FlowSchema references the PriorityLevelConfiguration object named "slow"';
  assert.deepEqual(await condition(), ["True", "NotFound", `${level} but there is no such object`]);
  await create(PriorityLevelConfiguration, rejecting("slow", 1));
  assert.deepEqual(await condition(), ["False", "Found", `${level} and it exists`]);
  await ask("DELETE", `${LEVELS}/slow`);
  assert.deepEqual(await condition(), ["True", "NotFound", `${level} but there is no such object`]);
});

test("answers name the schema and the level of their request", async (t) => {
  const harness = await startHarness(t);
  const { headers } = await askAs(harness, named("mary"), MAPS);
  const uid = async (path: string) => (await harness.ask("GET", path)).json.metadata.uid;
  assert.equal(headers["x-kubernetes-pf-flowschema-uid"], await uid(`${SCHEMAS}/global-default`));
  assert.equal(headers["x-kubernetes-pf-prioritylevel-uid"], await uid(`${LEVELS}/global-default`));
  const admin = await harness.ask("GET", MAPS);
  assert.equal(admin.headers["x-kubernetes-pf-flowschema-uid"], await uid(`${SCHEMAS}/exempt`));
});

test("who has no seat is told to come back later, others are served", async (t) => {
  const { harness, hold, release } = await startHeld(t);
  // One of 246 shares of 600 seats: three.
  await harness.create(PriorityLevelConfiguration, rejecting("slow", 1));
  await harness.create(FlowSchema, schemaOf("mary", "slow"));
  await settled();
  const held = ["a", "b", "c"].map((name) => hold(named("mary"), name));
  await settled();
  const refused = await askAs(harness, named("mary"), MAPS);
  assert.equal(refused.status, 429);
  assert.equal(refused.text, "Too many requests, please try again later.\n");
  assert.equal(refused.headers["retry-after"], "1");
  assert.match(refused.headers["content-type"] ?? "", /^text\/plain/);
  const { metadata } = (await harness.ask("GET", `${SCHEMAS}/mary`)).json;
  assert.equal(refused.headers["x-kubernetes-pf-flowschema-uid"], metadata.uid);
  assert.equal((await askAs(harness, named("john"), MAPS)).status, 200);
  const metrics = (await harness.ask("GET", "/metrics")).text;
  assert.match(
    metrics,
    /apiserver_flowcontrol_rejected_requests_total\{priority_level="slow",flow_schema="mary",reason="concurrency-limit"\} 1/,
  );
  assert.match(
    metrics,
    /apiserver_flowcontrol_current_executing_requests\{priority_level="slow",flow_schema="mary"\} 3/,
  );
  assert.match(metrics, /apiserver_flowcontrol_nominal_limit_seats\{priority_level="workload-low"\} 244/);
  assert.match(metrics, /apiserver_request_terminations_total\{verb="LIST",.*code="429"\} 1/);
  release();
  for (const { status } of await Promise.all(held)) assert.equal(status, 201);
  await settled();
  assert.equal((await askAs(harness, named("mary"), MAPS)).status, 200);
});

test("a watch holds its seat only until it stands", async (t) => {
  const harness = await startHarness(t);
  await harness.create(PriorityLevelConfiguration, rejecting("slow", 1));
  await harness.create(FlowSchema, schemaOf("mary", "slow"));
  await settled();
  const transport = harness.server.transport(named("mary"));
  const ends: AsyncIterator<Uint8Array>[] = [];
  for (let i = 0; i < 10; i++) {
    const { status, body } = await transport.raw({ method: "GET", path: MAPS, query: { watch: "1" } });
    assert.equal(status, 200);
    ends.push(body[Symbol.asyncIterator]());
    await settled();
  }
  const metrics = (await harness.ask("GET", "/metrics")).text;
  assert.match(metrics, /apiserver_longrunning_requests\{verb="WATCH",.*resource="configmaps".*\} 10/);
  await harness.server.close();
  for (const end of ends) assert.equal((await end.next()).done, true);
});

test("what waits can be looked at", async (t) => {
  const { harness, hold, release } = await startHeld(t, {
    limits: { requestsInFlightMax: 1, mutatingRequestsInFlightMax: 0 },
  });
  const held = Array.from({ length: 3 }, (_, i) => hold(named("mary"), `m${i}`));
  await settled();
  const page = async (name: string) => {
    const { text } = await harness.ask("GET", `/debug/api_priority_and_fairness/${name}`);
    return text.split("\n");
  };
  const [levelHead = "", ...levels] = await page("dump_priority_levels");
  assert.match(levelHead, /^PriorityLevelName, +ActiveQueues, +IsIdle, +IsQuiescing, +WaitingRequests,/);
  assert.ok(
    levels.some((line) => /^global-default, +[12], +false, +false, +2, +1,/.test(line)),
    levels.join("\n"),
  );
  const [queueHead = ""] = await page("dump_queues");
  assert.match(queueHead, /^PriorityLevelName, +Index, +PendingRequests, +ExecutingRequests, +SeatsInUse,/);
  const [head = "", ...requests] = await page("dump_requests?includeRequestDetails=1");
  assert.match(head, /FlowDistingsher, +ArriveTime, .*UserName, +Verb, +APIPath,/);
  assert.equal(
    requests.filter((line) => /^global-default, +global-default, .*mary, .*create, .*configmaps/.test(line))
      .length,
    2,
  );
  assert.equal((await harness.ask("GET", "/debug/api_priority_and_fairness/other")).status, 404);
  release();
  await Promise.all(held);
});

test("a request whose time is over while it waits is never served", async (t) => {
  const { harness, hold, release } = await startHeld(t, {
    limits: { requestsInFlightMax: 1, mutatingRequestsInFlightMax: 0 },
  });
  const held = hold(named("mary"), "first");
  await settled();
  const late = harness.server.transport(named("mary")).raw({
    method: "POST",
    path: MAPS,
    query: { timeout: "2s" },
    headers: { "content-type": "application/json" },
    body: new TextEncoder().encode('{"metadata":{"name":"late"}}'),
  });
  await settled();
  await harness.clock.advance(2_000);
  assert.equal((await late).status, 504);
  release();
  assert.equal((await held).status, 201);
  await settled();
  assert.equal((await harness.ask("GET", `${MAPS}/first`)).status, 200);
  assert.equal((await harness.ask("GET", `${MAPS}/late`)).status, 404);
});

test("calls in process are not limited", async (t) => {
  const { harness, hold, release } = await startHeld(t, {
    limits: { requestsInFlightMax: 1, mutatingRequestsInFlightMax: 0 },
  });
  const held = hold(named("mary"), "a");
  await settled();
  const transport = harness.server.transport(named("mary"));
  const page = await transport.list({ resource: FlowSchema });
  assert.equal(page.items.length, 13);
  release();
  await held;
});

/** One user's requests on one connection. */
class Client {
  readonly #session: ClientHttp2Session;
  readonly #token: string;
  readonly statuses = new Map<number, number>();

  constructor(port: number, ca: string, user: string) {
    this.#session = connect(`https://127.0.0.1:${port}`, { ca });
    this.#token = `Bearer ${user}`;
  }

  /** Resolves with the status of the answer, when it has been read. */
  get(path: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({ ":path": path, authorization: this.#token });
      let status = 0;
      stream.on("response", (headers) => (status = Number(headers[":status"])));
      stream.on("error", reject);
      stream.on("end", () => {
        this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
        resolve(status);
      });
      stream.resume();
    });
  }

  close(): void {
    this.#session.destroy();
  }
}

test("a user who floods the server does not starve another one", async (t) => {
  const { server, port, ca } = await startListening(t, {
    limits: { requestsInFlightMax: 20, mutatingRequestsInFlightMax: 10 },
  });
  const admin = server.transport({ name: "admin", groups: ["system:masters"] });
  for (let i = 0; i < 20; i++) {
    const { status } = await admin.raw({
      method: "POST",
      path: MAPS,
      headers: { "content-type": "application/json" },
      body: new TextEncoder().encode(
        JSON.stringify({ metadata: { name: `m${i}` }, data: { k: "x".repeat(1000) } }),
      ),
    });
    assert.equal(status, 201);
  }
  const noisy = Array.from({ length: 4 }, () => new Client(port, ca, "noisy"));
  const quiet = new Client(port, ca, "quiet");
  t.after(async () => {
    for (const client of [...noisy, quiet]) client.close();
  });
  assert.equal(await quiet.get(MAPS), 200);

  const flood = { goesOn: true, sent: 0 };
  // Each of 4 connections keeps 100 requests going, and sends 1,500 at most.
  const floods = noisy.flatMap((client) =>
    Array.from({ length: 100 }, async () => {
      for (let i = 0; i < 15 && flood.goesOn; i++) {
        flood.sent++;
        await client.get(MAPS);
      }
    }),
  );
  const statuses: number[] = [];
  const served = () => noisy.reduce((sum, { statuses: of }) => sum + (of.get(200) ?? 0), 0);
  const overtaken: number[] = [];
  for (let i = 0; i < 30; i++) {
    const before = served();
    statuses.push(await quiet.get(MAPS));
    overtaken.push(served() - before);
  }
  const wasFlooded = flood.sent >= 400;
  flood.goesOn = false;
  await Promise.all(floods);

  assert.ok(wasFlooded, `${flood.sent} requests were sent`);
  assert.deepEqual(new Set(statuses), new Set([200]), "nobody who asks one thing at a time is refused");
  const refused = noisy.reduce((sum, { statuses: of }) => sum + (of.get(429) ?? 0), 0);
  assert.ok(refused > 0, "the flood does not fit");
  // Without fairness, each request waits for all 400 that are before it. On a busy machine single answers lie about unread.
  const median = overtaken.toSorted((a, b) => a - b)[overtaken.length / 2]!;
  assert.ok(median < 100, `so many were served while one waited: ${overtaken.join(" ")}`);
});
