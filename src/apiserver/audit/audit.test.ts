import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { VirtualClock } from "#base/virtual-clock";
import type { User } from "../contracts.ts";
import { requestInfoOf } from "../request/request-info.ts";
import { AuditLog, type AuditedRequest } from "./audit-log.ts";
import { AuditPolicyError, auditDecision, parseAuditPolicy } from "./policy.ts";
import { RotatingFile } from "./rotating-file.ts";

const POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: None
  users: ["system:kube-proxy"]
  verbs: [watch]
- level: None
  nonResourceURLs: ["/healthz*", /version]
- level: Metadata
  resources:
  - resources: [secrets, "pods/exec"]
- level: RequestResponse
  namespaces: [production]
  omitManagedFields: false
- level: Request
  userGroups: [auditors]
  omitStages: [ResponseStarted]
- level: Metadata
  resources:
  - group: apps
    resources: ["deployments/*", "*/status"]
    resourceNames: [web]
`;

const ann: User = { name: "ann", groups: ["system:authenticated"] };
const auditor: User = { name: "bob", groups: ["auditors"] };
const proxy: User = { name: "system:kube-proxy", groups: [] };
const info = (method: string, path: string) => {
  const [head = "", search = ""] = path.split("?");
  return requestInfoOf(method, head, search);
};

test("the first rule that speaks about a request decides", () => {
  const policy = parseAuditPolicy(POLICY);
  const cases: readonly [User | undefined, string, string, string][] = [
    [proxy, "GET", "/api/v1/services?watch=1", "None"],
    [proxy, "GET", "/api/v1/namespaces/production/services", "RequestResponse"],
    [ann, "GET", "/healthz/etcd", "None"],
    [auditor, "GET", "/version", "None"],
    [auditor, "GET", "/metrics", "Request"],
    [ann, "GET", "/metrics", "None"],
    [ann, "GET", "/api/v1/namespaces/production/secrets/s", "Metadata"],
    [ann, "POST", "/api/v1/namespaces/default/pods/p/exec", "Metadata"],
    [ann, "GET", "/api/v1/namespaces/default/pods/p", "None"],
    [undefined, "GET", "/api/v1/namespaces/production/pods", "RequestResponse"],
    [ann, "PUT", "/apis/apps/v1/namespaces/default/deployments/web/scale", "Metadata"],
    [ann, "PUT", "/apis/apps/v1/namespaces/default/replicasets/web/status", "Metadata"],
    [ann, "PUT", "/apis/apps/v1/namespaces/default/deployments/other/scale", "None"],
    [ann, "PUT", "/apis/apps/v1/namespaces/default/replicasets/web", "None"],
  ];
  for (const [user, method, path, level] of cases) {
    assert.equal(auditDecision(policy, user, info(method, path)).level, level, `${method} ${path}`);
  }
  const decision = auditDecision(policy, auditor, info("GET", "/metrics"));
  assert.deepEqual(decision.omitStages, ["RequestReceived", "ResponseStarted"]);
  assert.equal(decision.omitManagedFields, true);
});

test("bad policies are refused with their place", () => {
  const head = "apiVersion: audit.k8s.io/v1\nkind: Policy\n";
  const cases: readonly [string, RegExp][] = [
    ["kind: Policy", /no Policy of audit.k8s.io\/v1/],
    [head, /at least one rule/],
    [`${head}rules: [{level: Everything}]`, /rules\[0\].level: must be one of/],
    [`${head}rules: [{level: None, verbs: get}]`, /rules\[0\].verbs: must be a list/],
    [`${head}rules: [{level: None, omitStages: [Later]}]`, /omitStages: "Later"/],
    [`${head}rules: [{level: None, nonResourceURLs: [x]}]`, /must begin with '\/'/],
    [`${head}rules: [{level: None, nonResourceURLs: [/x], namespaces: [a]}]`, /cannot apply to both/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parseAuditPolicy(text),
      (error: unknown) => error instanceof AuditPolicyError && message.test(error.message),
    );
  }
});

test("an event says who did what, and as much of the objects as is wanted", () => {
  const lines: string[] = [];
  const clock = new VirtualClock();
  const audit = new AuditLog(parseAuditPolicy(POLICY), { write: ({ json }) => void lines.push(json) }, clock);
  const request = (path: string, user: User): AuditedRequest => ({
    auditId: "id-1",
    uri: path,
    info: info("POST", path),
    user,
    sourceAddresses: ["192.0.2.1"],
    userAgent: "kubectl",
    receivedMs: clock.now(),
  });
  assert.equal(audit.begin(request("/api/v1/namespaces/default/pods", ann)), undefined);
  const body = { metadata: { name: "p", managedFields: [{}] }, spec: {} };

  const full = audit.begin(request("/api/v1/namespaces/production/pods", ann));
  full?.sent(body);
  full?.annotate("authorization.k8s.io/decision", "allow");
  full?.complete({ code: 201, object: body });
  assert.deepEqual(JSON.parse(lines.pop()!), {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "RequestResponse",
    auditID: "id-1",
    stage: "ResponseComplete",
    requestURI: "/api/v1/namespaces/production/pods",
    verb: "create",
    user: { username: "ann", groups: ["system:authenticated"] },
    sourceIPs: ["192.0.2.1"],
    userAgent: "kubectl",
    objectRef: { resource: "pods", namespace: "production", name: "p", apiVersion: "v1" },
    responseStatus: { metadata: {}, code: 201 },
    requestObject: body,
    responseObject: body,
    requestReceivedTimestamp: "2026-01-01T00:00:00.000000Z",
    stageTimestamp: "2026-01-01T00:00:00.000000Z",
    annotations: { "authorization.k8s.io/decision": "allow" },
  });
  assert.equal(lines.length, 0);

  const part = audit.begin(request("/api/v1/namespaces/default/pods", auditor));
  part?.sent(body);
  part?.started(200);
  part?.complete({ code: 201, object: body });
  assert.equal(lines.length, 1);
  const event = JSON.parse(lines.pop()!) as Record<string, unknown>;
  assert.deepEqual(event.requestObject, { metadata: { name: "p" }, spec: {} });
  assert.ok(!("responseObject" in event));

  const secret = audit.begin(request("/api/v1/namespaces/production/secrets", ann));
  secret?.sent(body);
  secret?.complete({ code: 201, object: body });
  assert.ok(!lines.pop()!.includes("requestObject"));
});

test("the file is put aside when it is full, and old ones go", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "audit-"));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, "audit.log");
  const clock = new VirtualClock();
  const file = await RotatingFile.open({ path, clock, bytesMax: 10, backupsMax: 2 });
  for (const line of ["first--\n", "second-\n", "third--\n", "fourth-\n"]) {
    // oxlint-disable-next-line no-await-in-loop -- each in a file of its own
    await file.write(line);
    // oxlint-disable-next-line no-await-in-loop -- names hold the time
    await clock.advance(1000);
  }
  await file.close();
  assert.equal(await readFile(path, "utf8"), "fourth-\n");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const aside = (await readdir(directory)).filter((name) => name !== "audit.log").toSorted();
  assert.deepEqual(aside, ["audit-2026-01-01T00-00-02.000.log", "audit-2026-01-01T00-00-03.000.log"]);
  assert.equal(await readFile(join(directory, aside[0]!), "utf8"), "second-\n");
});
