import assert from "node:assert/strict";
import type { V1Pod } from "@kubernetes/client-node";
import { nodes, pods } from "../kinds.ts";
import { isReady, podOf, waiting } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

const conditionOf = ({ status }: V1Pod, type: string) =>
  status?.conditions?.find((condition) => condition.type === type);

const isUnschedulable = (pod: V1Pod): boolean => conditionOf(pod, "PodScheduled")?.reason === "Unschedulable";

/** What the scheduler says to a pod that no node takes. */
async function refusal(context: ConformanceContext, name: string): Promise<string> {
  const pod = await pods(context).until(name, isUnschedulable, "is refused by the scheduler");
  assert.deepEqual([pod.spec?.nodeName, pod.status?.phase], [undefined, "Pending"]);
  return conditionOf(pod, "PodScheduled")!.message!;
}

conformance(
  "[sig-scheduling] SchedulerPredicates [Serial] validates resource limits of pods that are allowed to run [Conformance]",
  async (context) => {
    const client = pods(context);
    const all = await nodes(context).list();
    // A resource that nobody else asks for, so that the sums are known.
    const resource = "example.com/space";
    const path = `/status/capacity/${resource.replace("/", "~1")}`;
    for (const { metadata } of all)
      await nodes(context).patchStatus(
        metadata!.name!,
        [{ op: "add", path, value: "5" }],
        "application/json-patch+json",
      );
    context.defer(async () => {
      for (const { metadata } of all)
        await nodes(context).patchStatus(metadata!.name!, {
          status: { capacity: { [resource]: null }, allocatable: { [resource]: null } },
        });
    });
    for (const { metadata } of all) {
      await nodes(context).patchStatus(metadata!.name!, { status: { allocatable: { [resource]: "5" } } });
    }
    const asking = (name: string, amount: string) =>
      podOf(
        name,
        waiting({ resources: { requests: { [resource]: amount }, limits: { [resource]: amount } } }),
      );
    for (const [at] of all.entries()) await client.create(asking(`big-${at}`, "3"));
    const placed = await client.untilAll(
      {},
      (found) => found.length === all.length && found.every(({ spec }) => spec?.nodeName),
      "each has a node",
    );
    assert.equal(new Set(placed.map(({ spec }) => spec!.nodeName)).size, all.length);

    await client.create(asking("more", "3"));
    assert.match(
      await refusal(context, "more"),
      new RegExp(`^0/${all.length} nodes are available: ${all.length} Insufficient ${resource}\\.`),
    );
    await client.create(asking("fits", "2"));
    await client.until("fits", isReady, "runs");
    await client.delete("big-0");
    const { spec } = await client.until("more", ({ spec: now }) => now?.nodeName !== undefined, "has a node");
    assert.equal(spec?.nodeName, placed.find(({ metadata }) => metadata?.name === "big-0")?.spec?.nodeName);
  },
);

conformance(
  "[sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected if not matching [Conformance]",
  async (context) => {
    await pods(context).create(podOf("restricted", waiting(), { nodeSelector: { label: "nonempty" } }));
    assert.match(
      await refusal(context, "restricted"),
      /^0\/2 nodes are available: 2 node\(s\) didn't match Pod's node affinity\/selector\./,
    );
  },
);

conformance(
  "[sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected if matching [Conformance]",
  async (context) => {
    const key = `kubernetes.io/${context.unique("e2e")}`;
    const node = (await nodes(context).list()).at(-1)!.metadata!.name!;
    await nodes(context).patch(node, { metadata: { labels: { [key]: "42" } } });
    context.defer(() => nodes(context).patch(node, { metadata: { labels: { [key]: null } } }));
    await pods(context).create(podOf("labelled", waiting(), { nodeSelector: { [key]: "42" } }));
    const { spec } = await pods(context).until("labelled", isReady, "runs");
    assert.equal(spec?.nodeName, node);
    await pods(context).create(podOf("other", waiting(), { nodeSelector: { [key]: "43" } }));
    await refusal(context, "other");
  },
);

conformance(
  "[sig-scheduling] SchedulerPredicates [Serial] validates that there exists conflict between pods with same hostPort and protocol but one using 0.0.0.0 hostIP [Conformance]",
  async (context) => {
    const client = pods(context);
    const [node] = await nodes(context).list();
    const nodeSelector = { "kubernetes.io/hostname": node!.metadata!.labels!["kubernetes.io/hostname"]! };
    const taking = (name: string, hostIP: string | undefined, protocol = "TCP") =>
      podOf(
        name,
        waiting({ ports: [{ containerPort: 8080, hostPort: 54_322, protocol, ...(hostIP && { hostIP }) }] }),
        { nodeSelector },
      );
    await client.create(taking("all", undefined));
    await client.until("all", ({ spec }) => spec?.nodeName !== undefined, "has the port at all addresses");
    await client.create(taking("one", "127.0.0.1"));
    assert.match(
      await refusal(context, "one"),
      /1 node\(s\) didn't have free ports for the requested pod ports/,
    );
    // Another protocol is another port.
    await client.create(taking("udp", "127.0.0.1", "UDP"));
    await client.until("udp", ({ spec }) => spec?.nodeName === node!.metadata!.name, "has its own port");
    await client.delete("all");
    await client.until("one", ({ spec }) => spec?.nodeName === node!.metadata!.name, "has the port now");
  },
);
