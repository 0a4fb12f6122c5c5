import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import { parseResolvConf, podDns, podNames } from "./dns.ts";

const cluster = { servers: ["10.96.0.10"], domain: "cluster.local" };
const host = parseResolvConf(
  "# a comment\nnameserver 9.9.9.9\nsearch corp.example.\noptions timeout:1 rotate\n",
);
const pod = (spec: object): Pod =>
  ({ metadata: { name: "web-0", namespace: "shop" }, spec }) as unknown as Pod;
const searches = ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"];

suite("where a pod's names are looked up", () => {
  const inCluster = { servers: ["10.96.0.10"], searches, options: ["ndots:5"] };
  const table: readonly (readonly [string, object, object])[] = [
    ["by default in the cluster", {}, inCluster],
    ["as the node does", { dnsPolicy: "Default" }, host],
    ["in the node's network as the node does", { hostNetwork: true, dnsPolicy: "ClusterFirst" }, host],
    [
      "unless the cluster is asked for",
      { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" },
      inCluster,
    ],
    [
      "only where the pod says",
      {
        dnsPolicy: "None",
        dnsConfig: {
          nameservers: ["1.1.1.1"],
          searches: ["x"],
          options: [{ name: "ndots", value: "1" }, { name: "edns0" }],
        },
      },
      { servers: ["1.1.1.1"], searches: ["x"], options: ["ndots:1", "edns0"] },
    ],
    [
      "the pod's own words come on top",
      { dnsConfig: { nameservers: ["1.1.1.1", "10.96.0.10"], options: [{ name: "ndots", value: "2" }] } },
      { servers: ["10.96.0.10", "1.1.1.1"], searches, options: ["ndots:2"] },
    ],
  ];
  for (const [name, spec, wanted] of table)
    test(name, () => assert.deepEqual(podDns(pod(spec), cluster, host), wanted));
});

suite("what a pod calls itself", () => {
  const names = (spec: object) => podNames(pod(spec), cluster);
  test("its own name", () => assert.deepEqual(names({}), { hostname: "web-0", hostDomain: "" }));
  test("below its service", () =>
    assert.deepEqual(names({ hostname: "me", subdomain: "web" }), {
      hostname: "me",
      hostDomain: "web.shop.svc.cluster.local",
    }));
  test("by its full name", () =>
    assert.equal(
      names({ subdomain: "web", setHostnameAsFQDN: true }).hostname,
      "web-0.web.shop.svc.cluster.local",
    ));
  test("which may be too long", () =>
    assert.throws(
      () => names({ hostname: "x".repeat(60), subdomain: "web", setHostnameAsFQDN: true }),
      /is too long/,
    ));
});
