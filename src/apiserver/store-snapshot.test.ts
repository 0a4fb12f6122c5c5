import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/virtual-clock";
import { openMemoryStore } from "#store/memory/memory-store";
import type { Authorizer } from "./contracts.ts";
import { startListening } from "./listening-harness.ts";
import { SNAPSHOT_PATH, snapshotHandler } from "./store-snapshot.ts";

test("the whole store is for who may do everything, and for nobody who may read every path", async (t) => {
  const store = openMemoryStore({ clock: new VirtualClock() });
  t.after(() => store.close());
  const authorizer: Authorizer = {
    authorize: ({ name }, { isResource }) => ({
      verdict: name === "admin" || !isResource ? "allow" : "no-opinion",
      reason: "",
    }),
  };
  const paths = new Map([[SNAPSHOT_PATH, snapshotHandler(store, authorizer)]]);
  const { ask } = await startListening(t, { rooms: { authorizer, paths } });
  assert.equal((await ask("admin", "GET", SNAPSHOT_PATH)).status, 200);
  const { status, text } = await ask("monitor", "GET", SNAPSHOT_PATH);
  assert.equal(status, 403);
  assert.match(text, /User \\"monitor\\" cannot get path \\"\/k8ts\/store\/snapshot\\"/);
});
