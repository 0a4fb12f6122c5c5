import assert from "node:assert/strict";
import { test } from "node:test";
import { Pod } from "#api/core-v1/pod";
import { seededRandom } from "#base/random";
import type { Exchange } from "../http/exchange.ts";
import { startHarness } from "../harness.ts";
import { requestInfoOf } from "../request/request-info.ts";
import { connectHandlers } from "./connect.ts";
import { KubeletConnections } from "./kubelet-connection.ts";

test("what is asked of a pod without a node is looked at before the node is", async (t) => {
  const { create, server } = await startHarness(t);
  const kubelets = new KubeletConnections(server.cache, () => ({ ca: "", cert: "", key: "" }));
  t.after(() => kubelets.close());
  const handlers = connectHandlers({ cache: server.cache, kubelets, random: seededRandom(1) });
  await create(Pod, {
    metadata: { name: "p", namespace: "default" },
    spec: { containers: [{ name: "c", image: "i" }] },
  });
  const cases: readonly [string, string, RegExp][] = [
    ["exec", "container=zz&command=ls&stdout=1", /^container zz is not valid for pod p$/],
    ["exec", "command=ls&stdout=1", /^pod p does not have a host assigned$/],
    ["log", "stream=Stdout", /stream: Forbidden: may not be specified$/],
  ];
  for (const [part, search, message] of cases) {
    const info = requestInfoOf("GET", `/api/v1/namespaces/default/pods/p/${part}`, search);
    const handler = handlers.get(`pods/${part}`)!;
    // Refused before anything is read from it or written to it.
    const exchange = {} as Exchange;
    // oxlint-disable-next-line no-await-in-loop -- a table
    await assert.rejects(handler({ info, exchange }), { message });
  }
});
