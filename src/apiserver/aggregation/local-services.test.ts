import assert from "node:assert/strict";
import { test } from "node:test";
import { APIService } from "#api/apiregistration-v1/apiservice";
import { seededRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { openMemoryStore } from "#store/memory/memory-store";
import { LOOPBACK_USER, startApiServer } from "../server.ts";

const LABEL = "kube-aggregator.kubernetes.io/automanaged";

test("a server that starts announces what it serves, and nothing that it no longer does", async (t) => {
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  t.after(() => store.close());
  const start = async () => {
    const server = await startApiServer({
      store,
      clock,
      random: seededRandom(1),
      rooms: () => ({
        authenticator: { authenticate: () => Promise.resolve(LOOPBACK_USER) },
        authorizer: { authorize: () => ({ verdict: "allow", reason: "" }) },
        admission: [],
      }),
    });
    return { server, transport: server.transport(LOOPBACK_USER) };
  };
  const service = (group: string, how: string | undefined, versionPriority = 9) => ({
    metadata: { name: `v1.${group}`, ...(how === undefined ? {} : { labels: { [LABEL]: how } }) },
    spec: { group, version: "v1", groupPriorityMinimum: 1, versionPriority },
  });
  const first = await start();
  for (const one of [service("old", "onstart"), service("custom", "true"), service("own", undefined)])
    await first.transport.call({ resource: APIService, verb: "create", body: one });
  await first.transport.call({
    resource: APIService,
    verb: "patch",
    name: "v1.apps",
    patchType: "application/merge-patch+json",
    body: { spec: { versionPriority: 7 } },
  });
  const priorityOf = (server: typeof first.server) =>
    server.cache.get(APIService, undefined, "v1.apps")?.spec.versionPriority;
  assert.equal(priorityOf(first.server), 7);
  await first.server.close();

  const second = await start();
  t.after(() => second.server.close());
  assert.equal(priorityOf(second.server), 15);
  const left = ["old", "custom", "own"].map(
    (group) => second.server.cache.get(APIService, undefined, `v1.${group}`)?.metadata.name,
  );
  assert.deepEqual(left, [undefined, undefined, "v1.own"]);
});
