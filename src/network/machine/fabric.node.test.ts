import { deepEqual, equal, match, ok } from "node:assert/strict";
import { after, describe, test } from "node:test";
import { runCommand } from "#base/node/command";
import { nameSuffix, systemRandom } from "#base/random";
import { canMakeNamespaces } from "#testing/network/lab";
import { type Fabric, type FabricOptions } from "./fabric.ts";
import { fabricNamespaces, freeRanges, removeFabric, startFabric } from "./start-fabric.ts";

describe("cables of a cluster on this machine", { skip: !canMakeNamespaces && "needs root" }, () => {
  const cluster = `test-${nameSuffix(systemRandom, 6)}`;
  const inside = (fabric: Fabric, node: number, ...command: string[]) =>
    runCommand("ip", ["netns", "exec", fabric.nodes[node]!.namespace, ...command]);
  let options: FabricOptions;

  after(() => removeFabric(cluster));

  test("nodes see each other and the machine, and nothing else", async () => {
    const ranges = await freeRanges(cluster);
    options = {
      cluster,
      nodes: ["one", "two"],
      nodeRange: ranges.nodes,
      podRange: ranges.pods,
      serviceRange: ranges.services,
      uplink: false,
    };
    const fabric = await startFabric(options);
    for (const address of [fabric.nodes[1]!.address, fabric.hostAddress]) {
      match(await inside(fabric, 0, "ip", "route", "get", address), /dev eth0/);
      match(
        await inside(fabric, 0, "busybox", "arping", "-c", "1", "-w", "2", "-I", "eth0", address),
        /Received 1/,
      );
    }
    equal((await inside(fabric, 0, "ip", "route", "show", "default")).trim(), "");
    match(await runCommand("ip", ["route", "get", "10.255.255.1"]).catch(() => ""), /^(?!.*k8ts-)/);
  });

  test("laid again with one node more, the others stay as they are", async () => {
    const before = await startFabric(options);
    const links = await inside(before, 0, "ip", "-o", "link", "show", "eth0");
    const more = await startFabric({ ...options, nodes: ["one", "two", "three"] });
    deepEqual(more.nodes.slice(0, 2), before.nodes);
    equal(await inside(more, 0, "ip", "-o", "link", "show", "eth0"), links);
    equal(fabricNamespaces(cluster).length, 3);
  });

  test("packets for pods and Services stay on the machine when the cluster has no node", async () => {
    const { podRange, serviceRange } = options;
    for (const range of [podRange, serviceRange]) {
      const routes = await runCommand("ip", ["route", "show", range]);
      match(routes, /via .* dev k8ts-/);
      match(routes, /unreachable/);
    }
  });

  test("removed without a trace, as often as one likes", async () => {
    await removeFabric(cluster);
    await removeFabric(cluster);
    equal(fabricNamespaces(cluster).length, 0);
    const left = (await runCommand("ip", ["-o", "link"])) + (await runCommand("ip", ["route"]));
    ok(!left.includes(options.podRange.replace("/16", "")) || !left.includes(options.nodeRange));
    equal((await freeRanges(cluster)).nodes, options.nodeRange);
  });
});
