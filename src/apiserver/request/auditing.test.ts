import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#base/clock";
import { AuditLog } from "../audit/audit-log.ts";
import { parseAuditPolicy } from "../audit/policy.ts";
import type { Json } from "../harness.ts";
import { startListening } from "../listening-harness.ts";

const POLICY = "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}";

async function startRecorded(t: Parameters<typeof startListening>[0]) {
  const records: Json[] = [];
  const write = ({ json }: { readonly json: string }) => void records.push(JSON.parse(json));
  const audit = new AuditLog(parseAuditPolicy(POLICY), { write }, systemClock);
  const started = await startListening(t, {
    rooms: { audit, authenticator: { authenticate: ({ header }) => userIn(header("authorization")) } },
  });
  return { ...started, ofClients: () => records.filter(({ sourceIPs }) => sourceIPs) };
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
