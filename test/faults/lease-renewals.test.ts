import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { renewLeases } from "./lease-renewals.ts";

it("two hours of lease renewals leave the store as large as a quarter of an hour", async (test) => {
  const directory = mkdtempSync(join(tmpdir(), "k8ts-leases-"));
  test.after(() => rmSync(directory, { recursive: true }));
  const report = await renewLeases({ directory, nodes: 50, hours: 2 });
  test.diagnostic(JSON.stringify(report));
  assert.ok(report.settledBytes > 0);
  // LMDB takes its file in steps; one more or less of them is chance.
  assert.ok(report.endBytes <= report.settledBytes * 1.25, JSON.stringify(report));
});
