import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { seededRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { emptyKubeconfig, formatKubeconfig, withContext } from "#client/kubeconfig";
import { type Json, startHarness } from "../harness.ts";
import { AuditEvent } from "./audit-event.ts";
import { AuditLog, type AuditSink } from "./audit-log.ts";
import { AuditMetrics } from "./audit-metrics.ts";
import { Delivery } from "./delivery.ts";
import { toFile } from "./log-file.ts";
import { parseAuditPolicy } from "./policy.ts";
import { RotatingFile } from "./rotating-file.ts";
import { AuditWebhook } from "./webhook.ts";

const EVERYTHING = parseAuditPolicy("{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Request}]}");
const MAPS = "/api/v1/namespaces/default/configmaps";

async function recorded(t: TestContext, sink: AuditSink) {
  const audit = new AuditLog(EVERYTHING, sink, new VirtualClock());
  const harness = await startHarness(t, { rooms: { audit } });
  return harness;
}

test("stages of a request, of a watch, of one that is refused and of one that breaks", async (t) => {
  const events: Json[] = [];
  const harness = await recorded(t, { write: ({ fields }) => void events.push(fields) });
  const stages = () =>
    events.splice(0).map(({ stage, responseStatus }) => `${stage} ${responseStatus?.code ?? ""}`.trim());
  await harness.ask("POST", MAPS, { metadata: { name: "a" } });
  assert.deepEqual(stages(), ["RequestReceived", "ResponseComplete 201"]);
  await harness.ask("POST", MAPS, { metadata: { name: "a" } });
  assert.deepEqual(stages(), ["RequestReceived", "ResponseComplete 409"]);
  const watching = harness.ask("GET", `${MAPS}?watch=true&timeoutSeconds=1`);
  while (events.length < 2) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(stages(), ["RequestReceived", "ResponseStarted 200"]);
  await harness.clock.advance(1000);
  await watching;
  assert.deepEqual(stages(), ["ResponseComplete 200"]);
  await harness.ask("GET", `${MAPS}/a/nothing`);
  assert.deepEqual(stages(), ["RequestReceived", "ResponseComplete 404"]);
});

test("a client may name its request", async (t) => {
  const events: Json[] = [];
  const harness = await recorded(t, { write: ({ fields }) => void events.push(fields) });
  const named = await harness.ask("GET", MAPS, undefined, { "audit-id": `mine-${"x".repeat(100)}` });
  assert.equal(named.headers["audit-id"], `mine-${"x".repeat(59)}`);
  assert.equal(events[0].auditID, `mine-${"x".repeat(100)}`);
  const nameless = await harness.ask("GET", MAPS);
  assert.equal(nameless.headers["audit-id"], events.at(-1).auditID);
});

test("where only names go on record, nothing else does in their place", async (t) => {
  const events: Json[] = [];
  const policy = "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}";
  const sink: AuditSink = { write: ({ fields }) => void events.push(fields) };
  const audit = new AuditLog(parseAuditPolicy(policy), sink, new VirtualClock());
  const harness = await startHarness(t, { rooms: { audit } });
  const sent = { metadata: { name: { secret: "x" }, uid: ["y"], resourceVersion: 1 } };
  assert.equal((await harness.ask("POST", MAPS, sent)).status, 400);
  assert.deepEqual(events.at(-1).objectRef, {
    resource: "configmaps",
    namespace: "default",
    apiVersion: "v1",
  });
});

test("a request that broke by our fault ends in a panic", async (t) => {
  const events: AuditEvent[] = [];
  const sink: AuditSink = { write: (event) => void events.push(event) };
  const audit = new AuditLog(EVERYTHING, sink, new VirtualClock());
  const broken = {
    name: "Broken",
    handles: ({ namespace }: { readonly namespace: string }) => namespace === "default",
    admit() {
      throw new TypeError("oh");
    },
  };
  const harness = await startHarness(t, { rooms: { audit }, admission: [broken] });
  events.length = 0;
  assert.equal((await harness.ask("POST", MAPS, { metadata: { name: "a" } })).status, 500);
  assert.deepEqual(
    events.map(({ fields }) => fields.stage),
    ["RequestReceived", "Panic"],
  );
});

test("a request waits for its record, and is refused where it must be on record and cannot", async (t) => {
  let storing = Promise.withResolvers<void>();
  let waits = false;
  const harness = await recorded(t, { write: () => (waits ? storing.promise : undefined) });
  waits = true;
  let isDone = false;
  const asking = harness.ask("POST", MAPS, { metadata: { name: "a" } }).finally(() => (isDone = true));
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isDone, false);
  waits = false;
  storing.resolve();
  assert.equal((await asking).status, 201);
  storing = Promise.withResolvers<void>();
  storing.promise.catch(() => undefined);
  storing.reject(new Error("disk full"));
  waits = true;
  const refused = await harness.ask("POST", MAPS, { metadata: { name: "b" } });
  assert.equal(refused.status, 500);
  assert.match(refused.json.message, /failed to store audit event/);
  waits = false;
  assert.equal((await harness.ask("GET", `${MAPS}/b`)).status, 404);
});

const event = (id: string) =>
  new AuditEvent({
    kind: "Event",
    auditID: id,
    stage: "ResponseComplete",
    requestURI: "/api/v1/pods",
    verb: "list",
    requestReceivedTimestamp: "2026-01-01T00:00:00.000000Z",
    user: { username: "ann", groups: ["devs", "ops"] },
    sourceIPs: ["192.0.2.1"],
    userAgent: "kubectl",
    responseStatus: { code: 200 },
  });

test("lines of the file are JSON, or texts as they once were", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "k8ts-audit-"));
  t.after(() => rm(directory, { recursive: true }));
  const clock = new VirtualClock();
  for (const format of ["json", "legacy"] as const) {
    const path = join(directory, format);
    const file = await RotatingFile.open({ path, clock });
    const batch = { bufferMax: 10, sizeMax: 1, waitMs: 0 };
    const options = { name: "log", mode: "blocking", batch, clock, metrics: new AuditMetrics() } as const;
    const log = new Delivery(options, toFile(file, format));
    await log.write(event("one"));
    await log.write(event("two"));
    await file.close();
    const lines = (await readFile(path, "utf8")).trim().split("\n");
    assert.equal(lines.length, 2);
    if (format === "json") assert.equal(JSON.parse(lines[1]!).auditID, "two");
    else
      assert.equal(
        lines[0],
        '2026-01-01T00:00:00.000000Z AUDIT: id="one" stage="ResponseComplete" ip="192.0.2.1" method="list" user="ann" groups="\\"devs\\",\\"ops\\"" as="<self>" asgroups="<lookup>" user-agent="kubectl" namespace="<none>" uri="/api/v1/pods" response="200"',
      );
  }
});

test("a collector gets lists of events with a token, again when it is not well, and no more when it refuses", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "k8ts-audit-"));
  const got: { readonly list: Json; readonly authorization: string | undefined }[] = [];
  const codes: number[] = [];
  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = Buffer.concat(await Array.fromAsync(incoming as AsyncIterable<Buffer>)).toString();
    got.push({ list: JSON.parse(body), authorization: incoming.headers.authorization });
    response.statusCode = codes.shift() ?? 200;
    response.end();
  };
  const server = createServer((incoming, response) => void answer(incoming, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const kubeconfigFile = join(directory, "kubeconfig");
  const cluster = { server: `http://127.0.0.1:${port}/audit` };
  await writeFile(
    kubeconfigFile,
    formatKubeconfig(withContext(emptyKubeconfig, "collector", { cluster, user: { token: "me" } })),
  );
  const clock = new VirtualClock();
  const ending = new AbortController();
  const webhook = await AuditWebhook.open({
    kubeconfigFile,
    initialBackoffMs: 10_000,
    clock,
    random: seededRandom(1),
    signal: ending.signal,
  });
  t.after(async () => {
    webhook.close();
    server.close();
    await rm(directory, { recursive: true });
  });

  await webhook.deliver([event("one"), event("two")]);
  assert.equal(got[0]!.authorization, "Bearer me");
  const { items, ...head } = got[0]!.list;
  assert.deepEqual(head, { kind: "EventList", apiVersion: "audit.k8s.io/v1", metadata: {} });
  assert.deepEqual(
    items.map(({ auditID }: Json) => auditID),
    ["one", "two"],
  );

  codes.push(503, 429);
  const delivering = webhook.deliver([event("three")]);
  for (const count of [2, 3]) {
    while (got.length < count || clock.nextDue() === undefined)
      await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(20_000);
  }
  await delivering;
  assert.equal(got.length, 4);

  codes.push(400);
  await assert.rejects(webhook.deliver([event("four")]), { message: "the webhook answered 400" });
  assert.equal(got.length, 5);

  codes.push(500);
  const given = webhook.deliver([event("five")]);
  while (got.length < 6) await new Promise((resolve) => setImmediate(resolve));
  ending.abort(new Error("closing"));
  await assert.rejects(given);
});
