import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { absoluteStore } from "../store-location.ts";
import { type FlagTexts, parseServerFlags } from "./server-flags.ts";

describe("flags of the control plane", () => {
  const rows: [FlagTexts, object][] = [
    [{}, {}],
    [{ store: ["disk"] }, { store: { type: "disk" } }],
    [{ store: ["disk:/var/x"] }, { store: { type: "disk", directory: "/var/x" } }],
    [
      { store: ["etcd://127.0.0.1:2379,127.0.0.2:2379?ca=/a&cert=/b&key=/c"] },
      {
        store: {
          type: "etcd",
          endpoints: ["127.0.0.1:2379", "127.0.0.2:2379"],
          ca: "/a",
          cert: "/b",
          key: "/c",
        },
      },
    ],
    [{ "feature-gates": ["A=true,B=false", "C"] }, { "feature-gates": { A: true, B: false, C: true } }],
    [{ "enable-admission-plugins": ["A,B", "C"] }, { "enable-admission-plugins": ["A", "B", "C"] }],
    [
      { "service-node-port-range": ["30000-30010"] },
      { "service-node-port-range": { first: 30_000, last: 30_010 } },
    ],
    [
      { "event-ttl": ["1h30m"], "leader-elect": ["true"] },
      { "event-ttl": 5_400_000, "leader-elect": true },
    ],
  ];
  for (const [texts, values] of rows) {
    it(`understands ${JSON.stringify(texts)}`, () => assert.deepEqual(parseServerFlags(texts), values));
  }

  const wrong: [Record<string, string[]>, RegExp][] = [
    [{ store: ["etcd://nowhere"] }, /^--store etcd:\/\/nowhere: it is disk, /],
    [{ "advertise-address": ["127.0.0.1"] }, /^--advertise-address 127\.0\.0\.1: it is no address at which /],
    [{ "advertise-address": ["localhost"] }, /it is no address at which /],
    [{ store: ["etcd://a:1?password=x"] }, /password is unknown/],
    [{ store: ["etcd://a:1,b:2"] }, /named by their addresses/],
    [{ store: ["etcd://a:1?ca=/a&cert=/b"] }, /cert and key belong together/],
    [{ "feature-gates": ["A=perhaps"] }, /it is true or false/],
    [{ "service-node-port-range": ["9-1"] }, /a range of ports/],
    [{ "service-cluster-ip-range": ["10.0.0.1"] }, /a range of addresses/],
    [{ "event-ttl": ["soon"] }, /--event-ttl soon/],
    [{ nonsense: ["1"] }, /^unknown flag: --nonsense$/],
  ];
  for (const [texts, message] of wrong) {
    it(`refuses ${JSON.stringify(texts)}`, () => {
      assert.throws(() => parseServerFlags(texts as FlagTexts), { name: "FlagError", message });
    });
  }
});

describe("the store of a cluster", () => {
  const rows: [string, string][] = [
    ["disk", "disk"],
    ["disk:/var/store", "disk:/var/store"],
    ["disk:store", `disk:${process.cwd()}/store`],
    ["etcd://a:1", "etcd://a:1"],
    ["etcd://a:1?ca=ca.crt&cert=/b", `etcd://a:1?ca=${process.cwd()}/ca.crt&cert=/b`],
  ];
  for (const [given, kept] of rows) {
    it(`is kept as ${kept} when it is given as ${given}`, () => assert.equal(absoluteStore(given), kept));
  }
});
