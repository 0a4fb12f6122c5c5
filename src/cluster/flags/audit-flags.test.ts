import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { seededRandom } from "#base/random";
import { Scope } from "#base/scope";
import { VirtualClock } from "#base/virtual-clock";
import { requestInfoOf } from "#apiserver/request/request-info";
import { openAudit } from "./audit-flags.ts";
import { type FlagTexts, parseServerFlags } from "./server-flags.ts";

const POLICY = "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}";

test("flags make a log with the ways that they name, and none without a policy", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "flags-"));
  const scope = new Scope();
  t.after(() => rm(dir, { recursive: true }));
  const [policy, log] = [join(dir, "policy"), join(dir, "log")];
  await writeFile(policy, POLICY);
  const clock = new VirtualClock();
  const around = { clock, random: seededRandom(1), scope };
  const open = (texts: FlagTexts, more: { policyFile?: string; logFile?: string } = {}) =>
    openAudit(parseServerFlags(texts), { ...around, ...more });

  assert.equal(await open({}), undefined);
  assert.equal(await open({ "audit-log-path": [log] }), undefined);
  assert.equal(await open({ "audit-policy-file": [policy] }), undefined);
  const audit = await open(
    { "audit-log-format": ["legacy"], "audit-log-truncate-enabled": ["true"] },
    { policyFile: policy, logFile: log },
  );
  const trail = audit?.begin({
    auditId: "id",
    uri: "/version",
    info: requestInfoOf("GET", "/version", ""),
    user: { name: "ann", groups: [] },
    sourceAddresses: [],
    userAgent: "",
    receivedMs: clock.now(),
  });
  // The file blocks where nothing else is said.
  await trail?.stored();
  assert.match(await readFile(log, "utf8"), /AUDIT: id="id" stage="RequestReceived" .* user="ann"/);
  await scope.close();
});

test("flags that say what cannot be are refused", async () => {
  const refused: readonly FlagTexts[] = [
    { "audit-log-mode": ["later"] },
    { "audit-log-format": ["xml"] },
    { "audit-webhook-version": ["audit.k8s.io/v1beta1"] },
    { "audit-webhook-batch-max-wait": ["soon"] },
    { "audit-log-maxsize": ["-1"] },
  ];
  for (const texts of refused) assert.throws(() => parseServerFlags(texts), { name: "FlagError" });
  const around = { clock: new VirtualClock(), random: seededRandom(1), scope: new Scope() };
  await assert.rejects(openAudit({ "audit-policy-file": "/nowhere" }, around), { code: "ENOENT" });
});
