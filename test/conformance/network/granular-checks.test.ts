/** Packets from pod to pod and from node to pod, on one node and between two. */
import assert from "node:assert/strict";
import type { V1Node, V1Pod } from "@kubernetes/client-node";
import { nodes, pods } from "../kinds.ts";
import { isReady } from "../pods.ts";
import { ask, askingPod, HTTP_PORT, responderPod, UDP_PORT } from "../responder/pod.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

const SUITE = "[sig-network] Networking Granular Checks: Pods should function for";

const PROTOCOLS = { http: HTTP_PORT, udp: UDP_PORT };

const onNode = (node: V1Node) => ({ nodeName: node.metadata!.name! });

/** One that answers on each node, and one that asks, on the first. */
async function make(
  context: ConformanceContext,
  hostNetwork: boolean,
): Promise<{ readonly asks: V1Pod; readonly answer: readonly V1Pod[] }> {
  const client = pods(context);
  const all = await nodes(context).list();
  await client.create(askingPod("asks", { ...onNode(all[0]!), hostNetwork }));
  for (const [at, node] of all.entries())
    await client.create(responderPod(`answers-${at}`, { spec: onNode(node) }));
  const running = await client.untilAll(
    {},
    (found) => found.length === all.length + 1 && found.every(isReady),
    "all run",
  );
  const isAsking = ({ metadata }: V1Pod) => metadata!.name === "asks";
  assert.equal(new Set(running.map(({ spec }) => spec!.nodeName)).size, all.length);
  return { asks: running.find(isAsking)!, answer: running.filter((pod) => !isAsking(pod)) };
}

for (const [protocol, port] of Object.entries(PROTOCOLS)) {
  conformance(
    `${SUITE} intra-pod communication: ${protocol} [NodeConformance] [Conformance]`,
    async (context) => {
      const { asks, answer } = await make(context, false);
      for (const { metadata, status } of answer) {
        const url = `${protocol}://${status!.podIP}:${port}`;
        assert.equal(await ask(context, "asks", "hostname", url), metadata!.name);
        // Pods see each other as they are, without translation.
        assert.equal(await ask(context, "asks", "clientip", url), asks.status!.podIP);
      }
    },
  );

  conformance(
    `${SUITE} node-pod communication: ${protocol} [LinuxOnly] [NodeConformance] [Conformance]`,
    async (context) => {
      const { asks, answer } = await make(context, true);
      assert.equal(asks.status!.podIP, asks.status!.hostIP);
      for (const { metadata, status } of answer) {
        const url = `${protocol}://${status!.podIP}:${port}`;
        assert.equal(await ask(context, "asks", "hostname", url), metadata!.name);
      }
    },
  );
}
