import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { Agent, request } from "node:https";
import { connect as connectTcp } from "node:net";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { VirtualClock } from "#base/virtual-clock";
import type { AdmissionPlugin } from "./contracts.ts";
import { startHarness } from "./harness.ts";
import { startListening } from "./listening-harness.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";

const map = (name: string, data: Record<string, string> = {}) => ({ metadata: { name }, data });

/** Creating a config map named `held` waits until it is released. */
function gate(): { readonly plugin: AdmissionPlugin; readonly reached: Promise<void>; release(): void } {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { promise: reached, resolve: arrived } = Promise.withResolvers<void>();
  return {
    reached,
    release,
    plugin: {
      name: "Gate",
      handles: ({ resource, name, operation }) =>
        resource.plural === "configmaps" && name === "held" && operation === "CREATE",
      async validate() {
        arrived();
        await held;
      },
    },
  };
}

test("a request is answered in time, even if not with what was asked for", async (t) => {
  const { plugin, reached, release } = gate();
  const { ask, clock } = await startHarness(t, { admission: [plugin] });
  const asked = ask("POST", MAPS, map("held"));
  await reached;
  await clock.advance(60_000);
  const { status, json } = await asked;
  assert.equal(status, 504);
  assert.equal(json.reason, "Timeout");
  assert.equal(json.message, "Timeout: request did not complete within the allotted timeout");
  release();
  const metrics = (await ask("GET", "/metrics")).text;
  assert.match(metrics, /apiserver_request_terminations_total\{verb="POST",.*code="504"\} 1/);
});

test("clients may ask for less time, not for more", async (t) => {
  const { plugin, reached, release } = gate();
  const { ask, clock } = await startHarness(t, { admission: [plugin] });
  const short = ask("POST", `${MAPS}?timeout=2s`, map("held"));
  const long = ask("POST", `${MAPS}?timeout=1h`, map("held"));
  await reached;
  await clock.advance(2_000);
  assert.equal((await short).status, 504);
  await clock.advance(58_000);
  assert.equal((await long).status, 504);
  release();
});

test("a time that is none is said to be none", async (t) => {
  const { ask } = await startHarness(t);
  const { status, json } = await ask("GET", `${MAPS}?timeout=soon`);
  assert.equal(status, 400);
  assert.equal(json.message, 'invalid timeout specified in the request URL - time: invalid duration "soon"');
  assert.equal((await ask("GET", `${MAPS}?timeout=0s`)).status, 200);
});

test("a watch outlives the time of other requests", async (t) => {
  const { server, clock, ask } = await startHarness(t);
  const admin = server.transport({ name: "admin", groups: ["system:masters"] });
  const { body } = await admin.raw({ method: "GET", path: MAPS, query: { watch: "1", timeout: "1s" } });
  const events = body[Symbol.asyncIterator]();
  await clock.advance(120_000);
  await ask("POST", MAPS, map("a"));
  const { value } = await events.next();
  assert.match(Buffer.from(value as Uint8Array).toString(), /"type":"ADDED"/);
  await events.return?.();
});

for (const protocol of ["http/1.1", "h2"] as const) {
  test(`a client that does not read its answer is cut off (${protocol})`, async (t) => {
    const clock = new VirtualClock();
    const { ask, port, ca } = await startListening(t, { clock });
    // Beyond what sockets of this machine take in.
    const data = { k: "x".repeat(1_000_000) };
    for (let i = 0; i < 24; i++)
      assert.equal((await ask("mary", "POST", MAPS, map(`m${i}`, data))).status, 201);
    const socket = connectTls({ host: "127.0.0.1", port, ca, ALPNProtocols: [protocol] });
    await once(socket, "secureConnect");
    let open = true;
    let closed: Promise<unknown>;
    if (protocol === "h2") {
      const session = connectHttp2(`https://127.0.0.1:${port}`, { createConnection: () => socket });
      t.after(() => Promise.resolve(session.destroy()));
      const stream = session.request({ ":path": MAPS, authorization: "Bearer mary" });
      stream.on("error", () => undefined);
      // The window of the stream is full when nobody takes what has come.
      await once(stream, "response");
      closed = new Promise<void>((resolve) => stream.once("close", resolve)).then(() => (open = false));
      await clock.advance(59_000);
      assert.ok(open);
      await clock.advance(2_000);
      stream.resume();
    } else {
      socket.write(`GET ${MAPS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mary\r\n\r\n`);
      await once(socket, "readable");
      closed = once(socket, "close").then(() => (open = false));
      socket.on("error", () => undefined);
      await clock.advance(59_000);
      assert.ok(open);
      await clock.advance(2_000);
      socket.resume();
    }
    await closed;
    socket.destroy();
  });
}

test("headers are bounded in number", async (t) => {
  const { port, ca } = await startListening(t, { limits: { headersMax: 20 } });
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`x-${i}`, "y"]));
  const status = await new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, ca, path: "/version", headers: many }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.on("error", reject);
    asked.end();
  });
  assert.equal(status, 431);
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca });
  const outcomeOf = (headers: Record<string, string>) =>
    new Promise((resolve) => {
      const stream = session.request({ ":path": "/version", ...headers });
      stream.on("response", ({ ":status": code }) => resolve(code));
      stream.on("error", () => resolve("refused"));
      stream.resume();
    });
  assert.equal(await outcomeOf(many), "refused");
  assert.equal(await outcomeOf({}), 200);
  session.destroy();
});

test("a body that never ends is not waited for", async (t) => {
  const clock = new VirtualClock();
  const { port, ca } = await startListening(t, { clock });
  const socket = connectTls({ host: "127.0.0.1", port, ca, ALPNProtocols: ["http/1.1"] });
  await once(socket, "secureConnect");
  const head =
    "Host: x\r\nAuthorization: Bearer mary\r\nContent-Type: application/json\r\nContent-Length: 100";
  socket.write(`POST ${MAPS} HTTP/1.1\r\n${head}\r\n\r\n{"metadata":`);
  const heard: string[] = [];
  socket.on("data", (chunk: Buffer) => heard.push(chunk.toString()));
  // Time passes once the request is there.
  for (let turns = 0; heard.length === 0; turns++) {
    assert.ok(turns < 10_000, "an answer comes");
    await clock.advance(1_000);
  }
  assert.match(heard.join(""), /^HTTP\/1\.1 504 [^]*request did not complete within the allotted timeout/);
  socket.destroy();
});

test("who does not finish a handshake or its headers is cut off", async (t) => {
  const { port, ca } = await startListening(t, { limits: { handshakeMs: 50, headersMs: 50 } });
  const silent = connectTcp(port, "127.0.0.1");
  silent.on("error", () => undefined);
  await once(silent, "close");
  const slow = connectTls({ host: "127.0.0.1", port, ca, ALPNProtocols: ["http/1.1"] });
  await once(slow, "secureConnect");
  slow.write("GET /version HTTP/1.1\r\nHos");
  const [answer] = (await once(slow, "data")) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 408 /);
  await once(slow, "close");
});

test("connections beyond the bound are not taken, and there is room again when one has gone", async (t) => {
  const { port, ca } = await startListening(t, { limits: { connectionsMax: 1 } });
  const first = connectTls({ host: "127.0.0.1", port, ca });
  await once(first, "secureConnect");
  const second = connectTcp(port, "127.0.0.1");
  second.on("error", () => undefined);
  await once(second, "close");
  first.destroy();
  for (let isIn = false; !isIn;) {
    const next = connectTls({ host: "127.0.0.1", port, ca });
    isIn = await new Promise((resolve) => {
      next.once("secureConnect", () => resolve(true));
      next.once("error", () => resolve(false));
      next.once("close", () => resolve(false));
    });
    next.destroy();
  }
});

test("a connection whose other end is gone without a word is found", async (t) => {
  const clock = new VirtualClock();
  const { port, ca } = await startListening(t, { clock });
  const alive = connectHttp2(`https://127.0.0.1:${port}`, { ca });
  await once(alive, "connect");
  const dead = connectTls({ host: "127.0.0.1", port, ca, ALPNProtocols: ["h2"] });
  await once(dead, "secureConnect");
  // The beginning of a connection of HTTP/2, and nothing behind it.
  dead.write(
    Buffer.concat([
      Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
      Buffer.from("000000040000000000", "hex"),
    ]),
  );
  await once(dead, "data");
  dead.resume();
  const closed = once(dead, "close");
  const pinged = once(alive, "ping");
  await clock.advance(30_000);
  await pinged;
  // The answer to the question has come when another one is answered.
  await new Promise((resolve) => alive.ping(resolve));
  await clock.advance(30_000);
  await closed;
  assert.equal(alive.closed, false);
  alive.destroy();
});

test("a server that closes is not ready, ends watches, and lets what has begun end", async (t) => {
  const { plugin, reached, release } = gate();
  const { server, port, ca, ask } = await startListening(t, { rooms: { admission: [plugin] } });
  assert.equal((await ask("mary", "GET", "/readyz")).text, "ok");
  const watching = connectHttp2(`https://127.0.0.1:${port}`, { ca });
  const watch = watching.request({ ":path": `${MAPS}?watch=1`, authorization: "Bearer mary" });
  await once(watch, "response");
  watch.resume();
  const watchEnded = once(watch, "end");
  const agent = new Agent({ ca, keepAlive: true });
  t.after(() => Promise.resolve(agent.destroy()));
  // A connection that is open before the server begins to close.
  const idle = connectTls({ host: "127.0.0.1", port, ca, ALPNProtocols: ["http/1.1"] });
  await once(idle, "secureConnect");
  idle.write("GET /readyz?verbose HTTP/1.1\r\nHost: x\r\n");
  const held = ask("mary", "POST", MAPS, map("held"));
  await reached;

  const closed = server.close();
  idle.write("\r\nPOST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  let heard = "";
  idle.on("data", (chunk: Buffer) => (heard += chunk.toString()));
  await once(idle, "close");
  assert.match(heard, /^HTTP\/1\.1 500 [^]*\[-\]shutdown failed: reason withheld\nreadyz check failed\n/);
  assert.match(heard, /HTTP\/1\.1 429 /);
  assert.match(heard, /connection: close/i);
  assert.match(heard, /retry-after: 5/i);
  assert.match(heard, /The apiserver is shutting down, please try again later\./);
  release();
  assert.equal((await held).status, 201);
  await watchEnded;
  await closed;
  watching.destroy();
  await assert.rejects(ask("mary", "GET", "/version"));
});

test("checks are asked one by one, left out, and counted", async (t) => {
  const { ask, server } = await startHarness(t);
  const admin = server.transport({ name: "admin", groups: ["system:masters"] });
  const path = "/readyz?verbose&exclude=etcd&exclude=nothing";
  const { body } = await admin.raw({ method: "GET", path });
  const lines = Buffer.concat(await Array.fromAsync(body))
    .toString()
    .trimEnd()
    .split("\n");
  assert.deepEqual(lines.slice(0, 2), ["[+]ping ok", "[+]etcd excluded: ok"]);
  assert.deepEqual(lines.slice(-3), [
    "[+]shutdown ok",
    'warn: some health checks cannot be excluded: no matches for "nothing"',
    "readyz check passed",
  ]);
  for (const name of ["ping", "etcd", "poststarthook/rbac/bootstrap-roles"])
    assert.equal((await ask("GET", `/livez/${name}`)).text, "ok", name);
  assert.equal((await ask("GET", "/livez/informer-sync")).status, 404);
  assert.equal((await ask("GET", "/readyz/informer-sync")).text, "ok");
  assert.equal((await ask("GET", "/healthz")).text, "ok");
  const indicators = (await ask("GET", "/metrics/slis")).text;
  assert.match(indicators, /kubernetes_healthcheck\{name="ping",type="livez"\} 1/);
  assert.match(indicators, /kubernetes_healthchecks_total\{name="etcd",type="livez",status="success"\} 1/);
});

test("requests, objects and events are counted under the names that dashboards know", async (t) => {
  const look: AdmissionPlugin = { name: "Look", handles: () => true, validate: () => undefined };
  const { ask, port, ca } = await startListening(t, { rooms: { admission: [look] } });
  assert.equal((await ask("mary", "POST", MAPS, map("a"))).status, 201);
  assert.equal((await ask("mary", "GET", `${MAPS}/nothing`)).status, 404);
  const watch = await new Promise<import("node:http").IncomingMessage>((resolve) => {
    const headers = { authorization: "Bearer mary" };
    request({ host: "127.0.0.1", port, ca, path: `${MAPS}?watch=1`, headers }, resolve).end();
  });
  await once(watch, "data");
  const { text } = await ask("mary", "GET", "/metrics");
  watch.destroy();
  for (const line of [
    /^apiserver_request_total\{verb="POST",dry_run="",group="",version="v1",resource="configmaps",subresource="",scope="resource",component="apiserver",code="201"\} 1$/m,
    /^apiserver_request_total\{verb="GET",.*resource="configmaps",.*code="404"\} 1$/m,
    /^apiserver_request_duration_seconds_count\{verb="POST",.*resource="configmaps",.*\} 1$/m,
    /^apiserver_request_duration_seconds_bucket\{le="0.005",verb="POST",/m,
    /^apiserver_longrunning_requests\{verb="WATCH",group="",version="v1",resource="configmaps",subresource="",scope="namespace",component="apiserver"\} 1$/m,
    /^apiserver_current_inflight_requests\{request_kind="readOnly"\} [1-9]/m,
    /^apiserver_watch_events_total\{group="",version="v1",resource="configmaps"\} 1$/m,
    /^apiserver_watch_events_sizes_count\{group="",version="v1",resource="configmaps"\} 1$/m,
    /^apiserver_storage_objects\{resource="configmaps"\} 1$/m,
    /^apiserver_storage_objects\{resource="flowschemas.flowcontrol.apiserver.k8s.io"\} 13$/m,
    /^apiserver_resource_objects\{group="",resource="configmaps"\} 1$/m,
    /^apiserver_admission_controller_admission_duration_seconds_count\{name="Look",operation="CREATE",rejected="false",type="validate"\} [1-9]/m,
    /^apiserver_admission_step_admission_duration_seconds_count\{operation="CREATE",rejected="false",type="admit"\} [1-9]/m,
    /^apiserver_response_sizes_count\{verb="GET",.*resource="configmaps",/m,
    /^apiserver_flowcontrol_dispatched_requests_total\{priority_level="global-default",flow_schema="global-default"\} [1-9]/m,
    /^apiserver_flowcontrol_request_wait_duration_seconds_count\{priority_level="global-default",flow_schema="global-default",execute="true"\} [1-9]/m,
  ])
    assert.match(text, line);
});

test("a wish for another protocol that is not granted changes nothing about limits", async (t) => {
  const { port, ca } = await startListening(t);
  const headers = {
    authorization: "Bearer ann",
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  };
  // The first of several values counts: this is a list. And namespaces may be called as they like.
  for (const path of [`${MAPS}?watch=0&watch=1`, "/api/v1/namespaces/proxy/configmaps"]) {
    const asked = request({ host: "127.0.0.1", port, ca, agent: false, path, headers }).end();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    answer.resume();
    assert.equal(answer.statusCode, 200);
    assert.ok(answer.headers["x-kubernetes-pf-flowschema-uid"], path);
  }
});
