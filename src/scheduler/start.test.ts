import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "#base/random";
import { Scope } from "#base/scope";
import { VirtualClock } from "#base/virtual-clock";
import { Client } from "#client/client";
import { InformerSet } from "#client/informer-set";
import type { Transport } from "#client/transport";
import { aborted } from "#reconciler/aborted";
import { Scheduler } from "./scheduler.ts";

test("a scheduler whose caches were never filled ends with its scope", async () => {
  const silent = {
    // oxlint-disable-next-line require-yield
    async *watch(_about: unknown, { signal }: { readonly signal: AbortSignal }) {
      await aborted(signal);
    },
  } as unknown as Transport;
  const [clock, random, scope] = [new VirtualClock(), seededRandom(1), new Scope()];
  const client = new Client(silent);
  const informers = new InformerSet({ client, clock, random, scope });
  const scheduler = new Scheduler({ client, informers, clock, random, scope });
  let ended = false;
  scope.run(async () => {
    await scheduler.start();
    ended = true;
  });
  await scope.close();
  assert.ok(ended);
});
