import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import type { Backend, ServicePort, VirtualAddress } from "../model.ts";
import { arrange } from "./elements.ts";
import { ServiceTable } from "./table.ts";

const backend = (index: number, local = false): Backend => ({ address: `10.0.0.${index}`, port: 80, local });
const backends = (...indexes: number[]): readonly Backend[] => indexes.map((index) => backend(index));
const cluster = (address: string, port = 80): VirtualAddress => ({ address, port, reach: "cluster" });

function port(changes: Partial<ServicePort> = {}): ServicePort {
  return {
    id: "ns/web:",
    family: "ipv4",
    protocol: "tcp",
    addresses: [cluster("10.96.0.1")],
    internal: [],
    external: changes.internal ?? [],
    preserved: undefined,
    hasBackends: (changes.internal ?? []).length > 0,
    affinitySeconds: undefined,
    ...changes,
  };
}

const table = () =>
  new ServiceTable({
    table: "k8ts",
    family: "ipv4",
    podCIDRs: ["10.0.0.0/16"],
    serviceCIDRs: ["10.96.0.0/16"],
  });
/** Deletions before additions, each in alphabetical order: the order among them does not matter. */
const elementCommands = (text: string): readonly string[] =>
  text
    .split("\n")
    .filter((line) => line.includes(" element "))
    .map((line) =>
      line.replace(/\{ (.*) \}/, (_all, list: string) => `{ ${list.split(", ").sort().join(", ")} }`),
    )
    .sort((a, b) => (a.slice(0, 3) === b.slice(0, 3) ? (a < b ? -1 : 1) : a < b ? 1 : -1));

const sameCommands = (text: string, expected: readonly string[]): void =>
  deepEqual(elementCommands(text), elementCommands(expected.join("\n")));

test("who stays keeps its place, and as few as possible move", () => {
  const cases: [string, string, string][] = [
    ["", "abc", "abc"],
    ["abc", "abc", "abc"],
    ["abc", "acb", "abc"],
    ["abc", "bc", "cb"],
    ["abc", "ab", "ab"],
    ["abc", "abcd", "abcd"],
    ["abc", "dbc", "dbc"],
    ["abc", "", ""],
  ];
  for (const [before, wanted, expected] of cases)
    equal(arrange([...before], [...wanted]).join(""), expected, `${before} ${wanted}`);
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(20)), fc.uniqueArray(fc.nat(20)), (before, wanted) => {
      const texts = (numbers: readonly number[]) => numbers.map(String);
      const places = arrange(texts(before), texts(wanted));
      deepEqual([...places].sort(), texts(wanted).sort());
      const kept = places.filter(
        (item, index) => before[index] !== undefined && item === String(before[index]),
      );
      const stays = before.slice(0, wanted.length).filter((item) => wanted.includes(item));
      equal(kept.length, stays.length);
    }),
  );
});

describe("commands are as many as the change is big", () => {
  test("a new Service, one endpoint more, one less, no Service", () => {
    const state = table();
    state.setService("ns/web", [port({ internal: backends(1, 2) })]);
    sameCommands(state.flush(), [
      "add element ip k8ts services { 10.96.0.1 . tcp . 80 : goto cluster-2 }",
      "add element ip k8ts backends { 10.96.0.1 . tcp . 80 . 0 : 10.0.0.1 . 80, 10.96.0.1 . tcp . 80 . 1 : 10.0.0.2 . 80 }",
    ]);
    state.setService("ns/web", [port({ internal: backends(1, 2) })]);
    equal(state.flush(), "");
    state.setService("ns/web", [port({ internal: backends(1, 2, 3) })]);
    sameCommands(state.flush(), [
      "delete element ip k8ts services { 10.96.0.1 . tcp . 80 }",
      "add element ip k8ts services { 10.96.0.1 . tcp . 80 : goto cluster-3 }",
      "add element ip k8ts backends { 10.96.0.1 . tcp . 80 . 2 : 10.0.0.3 . 80 }",
    ]);
    state.setService("ns/web", [port({ internal: backends(2, 3) })]);
    sameCommands(state.flush(), [
      "delete element ip k8ts backends { 10.96.0.1 . tcp . 80 . 2, 10.96.0.1 . tcp . 80 . 0 }",
      "delete element ip k8ts services { 10.96.0.1 . tcp . 80 }",
      "add element ip k8ts services { 10.96.0.1 . tcp . 80 : goto cluster-2 }",
      "add element ip k8ts backends { 10.96.0.1 . tcp . 80 . 0 : 10.0.0.3 . 80 }",
    ]);
    state.setService("ns/web", []);
    sameCommands(state.flush(), [
      "delete element ip k8ts services { 10.96.0.1 . tcp . 80 }",
      "delete element ip k8ts backends { 10.96.0.1 . tcp . 80 . 0, 10.96.0.1 . tcp . 80 . 1 }",
    ]);
    equal(state.size, 0);
  });

  test("changes that take each other back are none", () => {
    const state = table();
    state.setService("ns/web", [port({ internal: backends(1) })]);
    state.flush();
    state.setService("ns/web", []);
    state.setService("ns/web", [port({ internal: backends(1) })]);
    equal(state.flush(), "");
  });

  test("a rewrite holds everything, whatever was flushed before", () => {
    const state = table();
    state.setService("ns/web", [port({ internal: backends(1) })]);
    const first = state.rewrite();
    equal(state.flush(), "");
    equal(state.rewrite(), first);
    ok(first.includes("add element ip k8ts services { 10.96.0.1 . tcp . 80 : goto cluster-1 }"));
    ok(first.includes("add chain ip k8ts cluster-1"));
  });
});

test("without backends traffic is refused, and dropped where a policy keeps it from them", () => {
  const cases: [Partial<ServicePort>, string][] = [
    [{}, "goto refuse"],
    [{ hasBackends: true }, "goto discard"],
  ];
  for (const [changes, verdict] of cases) {
    const state = table();
    state.setService("ns/web", [port(changes)]);
    sameCommands(state.flush(), [`add element ip k8ts refused { 10.96.0.1 . tcp . 80 : ${verdict} }`]);
  }
});

test("the policy Local has lists of its own for inside and outside", () => {
  const state = table();
  const addresses: readonly VirtualAddress[] = [{ address: "192.0.2.1", port: 30080, reach: "external" }];
  const local = backend(1, true);
  state.setService("ns/web", [port({ addresses, internal: [local, backend(2)], preserved: [local] })]);
  sameCommands(state.flush(), [
    "add element ip k8ts services { 192.0.2.1 . tcp . 30080 : goto policy-local }",
    "add element ip k8ts backends { 192.0.2.1 . tcp . 30080 . 0 : 10.0.0.1 . 80, 192.0.2.1 . tcp . 30080 . 1 : 10.0.0.2 . 80, 192.0.2.1 . tcp . 30080 . 65536 : 10.0.0.1 . 80 }",
    "add element ip k8ts inside { 192.0.2.1 . tcp . 30080 : goto inside-2 }",
    "add element ip k8ts outside { 192.0.2.1 . tcp . 30080 : goto preserved-1 }",
    "add element ip k8ts hairpin { 10.0.0.1 . 10.0.0.1 }",
  ]);
});

test("affinity numbers backends the same after a restart, whatever their order", () => {
  const numbers = (indexes: readonly number[]): readonly string[] => {
    const state = table();
    state.setService("ns/web", [port({ internal: backends(...indexes), affinitySeconds: 60 })]);
    const text = state.flush();
    return /sticky \{ (.*) \}/.exec(text)![1]!.split(", ").sort();
  };
  deepEqual(numbers([1, 2, 3]), numbers([3, 1, 2]));
  for (const element of numbers([1, 2, 3])) ok(!/ \. 0 :/.test(element));
});

test("the first who claims an address has it until it lets go", () => {
  const state = table();
  const claim = (service: string, index: number) =>
    state.setService(service, [
      port({ id: `${service}:`, addresses: [cluster("203.0.113.1")], internal: backends(index) }),
    ]);
  claim("ns/a", 1);
  claim("ns/b", 2);
  ok(state.flush().includes("203.0.113.1 . tcp . 80 . 0 : 10.0.0.1 . 80"));
  state.setService("ns/a", []);
  sameCommands(state.flush(), [
    "delete element ip k8ts backends { 203.0.113.1 . tcp . 80 . 0 }",
    "add element ip k8ts backends { 203.0.113.1 . tcp . 80 . 0 : 10.0.0.2 . 80 }",
  ]);
  claim("ns/a", 1);
  equal(state.flush(), "");
});

test("what is held is what is wanted, after any number of changes", () => {
  const change = fc.record({
    service: fc.constantFrom("ns/a", "ns/b", "ns/c"),
    address: fc.constantFrom("10.96.0.1", "10.96.0.2"),
    indexes: fc.uniqueArray(fc.integer({ min: 1, max: 6 })),
    affinitySeconds: fc.constantFrom(undefined, 60),
    flush: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const state = table();
      const kernel = new Map<string, string>();
      const wanted = new Map<string, string>();
      for (const { service, address, indexes, affinitySeconds, flush } of changes) {
        const ports = [
          port({
            id: `${service}:`,
            addresses: [cluster(address)],
            internal: backends(...indexes),
            affinitySeconds,
          }),
        ];
        state.setService(service, ports);
        if (flush) apply(kernel, state.flush());
      }
      apply(kernel, state.flush());
      apply(wanted, elementCommands(state.rewrite()).join("\n"));
      deepEqual([...kernel].sort(), [...wanted].sort());
    }),
  );
});

/** Does what the kernel would: an element that is there twice, or deleted while it is not, fails. */
function apply(kernel: Map<string, string>, text: string): void {
  for (const command of elementCommands(text)) {
    const [, verb, map, list] = /^(add|delete) element ip k8ts (\S+) \{ (.*) \}$/.exec(command)!;
    if (map === "pods" || map === "virtual") continue;
    for (const element of list!.split(", ")) {
      const [key = "", value = ""] = element.split(" : ");
      const id = `${map} ${key}`;
      equal(kernel.has(id), verb === "delete", command);
      if (verb === "add") kernel.set(id, value);
      else kernel.delete(id);
    }
  }
}
