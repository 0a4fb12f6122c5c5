import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { renewLeases } from "./lease-renewals.ts";

it("three hours of lease renewals leave the store as small as one hour", async (test) => {
  const directory = mkdtempSync(join(tmpdir(), "k8ts-leases-"));
  test.after(() => rmSync(directory, { recursive: true }));
  const report = await renewLeases({ directory, nodes: 50, hours: 3 });
  test.diagnostic(JSON.stringify(report));
  assert.ok(report.settledBytes > 0);
  assert.ok(report.endBytes <= report.settledBytes * 1.05, JSON.stringify(report));
});
