import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { killAgainAndAgain } from "./kills.ts";

const KILLS = 100;

it(`the disk store loses nothing acknowledged in ${KILLS} kills, and brings nothing back`, async (test) => {
  const directory = mkdtempSync(join(tmpdir(), "k8ts-kills-"));
  test.after(() => rmSync(directory, { recursive: true }));
  const report = await killAgainAndAgain({ count: KILLS, seed: 20_260, directory });
  test.diagnostic(JSON.stringify(report));
  assert.ok(report.acknowledged > KILLS);
});
