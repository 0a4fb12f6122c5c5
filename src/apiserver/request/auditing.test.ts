import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:https";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { systemClock } from "#base/clock";
import { AuditLog } from "../audit/audit-log.ts";
import { parseAuditPolicy } from "../audit/policy.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Json } from "../harness.ts";
import { startListening } from "../listening-harness.ts";
import type { Rooms } from "../server.ts";

const POLICY = "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}";

async function startRecorded(t: Parameters<typeof startListening>[0], rooms: Partial<Rooms> = {}) {
  const records: Json[] = [];
  let told = Promise.withResolvers<void>();
  const write = ({ json }: { readonly json: string }) => {
    records.push(JSON.parse(json));
    told.resolve();
    told = Promise.withResolvers();
  };
  const audit = new AuditLog(parseAuditPolicy(POLICY), { write }, systemClock);
  const started = await startListening(t, {
    rooms: {
      ...rooms,
      audit,
      authenticator: { authenticate: ({ header }) => userIn(header("authorization")) },
    },
  });
  const ofClients = () => records.filter(({ sourceIPs }) => sourceIPs);
  return {
    ...started,
    ofClients,
    async until(stage: string): Promise<void> {
      // oxlint-disable-next-line no-await-in-loop -- one record after the other
      while (!ofClients().some((record) => record.stage === stage)) await told.promise;
    },
  };
}

const userIn = (text = "") =>
  text === "Bearer nobody" ? undefined : { name: text.slice("Bearer ".length), groups: [] };

test("of somebody unknown it is on record how they tried to be known, and nothing else", async (t) => {
  const { ask, ofClients } = await startRecorded(t);
  assert.equal((await ask("nobody", "GET", "/api/v1/pods?access_token=x")).status, 401);
  const [record, ...others] = ofClients();
  assert.deepEqual(others, []);
  assert.equal(record.stage, "ResponseStarted");
  assert.deepEqual(record.user, {});
  assert.deepEqual(record.responseStatus, {
    metadata: {},
    message: "Authentication failed, attempted: bearer, access_token",
    code: 401,
  });
});

test("it is on record who uses what is on its way out", async (t) => {
  const { ask, ofClients } = await startRecorded(t);
  await ask("ann", "GET", "/api/v1/endpoints");
  await ask("ann", "GET", "/api/v1/pods");
  const [, old, , current] = ofClients();
  assert.equal(old.annotations["k8s.io/deprecated"], "true");
  assert.equal(current.annotations["k8s.io/deprecated"], undefined);
});

test("a connection is on record from its beginning to its end", async (t) => {
  const taken = ({ exchange: { raw } }: { readonly exchange: Exchange }) => {
    assert.ok(raw.protocol === "upgrade");
    raw.socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: test\r\n\r\n");
    return Promise.resolve();
  };
  const connects = new Map([["pods/portforward", taken]]);
  const { port, ca, ofClients, until, server } = await startRecorded(t, { connects });
  const asked = request({
    host: "127.0.0.1",
    port,
    ca,
    agent: false,
    path: "/api/v1/namespaces/default/pods/p/portforward",
    headers: { authorization: "Bearer ann", connection: "upgrade", upgrade: "test" },
  });
  asked.end();
  const [, socket] = (await once(asked, "upgrade")) as [unknown, Duplex];
  await until("ResponseStarted");
  const stages = () => ofClients().map(({ stage, responseStatus }) => [stage, responseStatus?.code]);
  assert.deepEqual(stages(), [
    ["RequestReceived", undefined],
    ["ResponseStarted", 101],
  ]);
  const lasting = /^apiserver_longrunning_requests\{.*subresource="portforward".*\} (\d)$/m;
  assert.equal(lasting.exec(await server.metrics.text())?.[1], "1");
  socket.destroy();
  await until("ResponseComplete");
  assert.deepEqual(stages().at(-1), ["ResponseComplete", 101]);
  assert.notEqual(lasting.exec(await server.metrics.text())?.[1], "1");
});
