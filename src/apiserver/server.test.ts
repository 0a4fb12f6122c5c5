import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/virtual-clock";
import { seededRandom } from "#base/random";
import { openMemoryStore } from "#store/memory/memory-store";
import { startApiServer } from "./server.ts";

test("a server that cannot start ends what it had begun", async () => {
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  let closing: AbortSignal | undefined;
  const starting = startApiServer({
    store,
    clock,
    random: seededRandom(1),
    rooms(inner) {
      ({ closing } = inner);
      throw new Error("a file cannot be read");
    },
  });
  await assert.rejects(starting, /a file cannot be read/);
  assert.ok(closing!.aborted);
  await store.close();
});
