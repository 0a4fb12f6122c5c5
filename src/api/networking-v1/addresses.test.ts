import { test } from "node:test";
import assert from "node:assert/strict";
import { IPAddress } from "#api/networking-v1/ipaddress";
import { ServiceCIDR } from "#api/networking-v1/servicecidr";
import { ServiceCIDR as BetaServiceCIDR } from "#api/networking-v1beta1/servicecidr";
import { problemsOf, updateProblems } from "#api/test-kit";

const address = (name: string, parentRef: object | undefined) => ({
  metadata: { name },
  spec: { parentRef },
});
const parent = { group: "", resource: "services", namespace: "default", name: "web" };
const range = (...cidrs: string[]) => ({ metadata: { name: "r" }, spec: { cidrs } });

test("an address has its canonical form as name, and one owner", () => {
  assert.deepEqual(problemsOf(IPAddress, address("10.0.0.1", parent)), []);
  assert.deepEqual(problemsOf(IPAddress, address("2001:db8::1", parent)), []);
  assert.deepEqual(problemsOf(IPAddress, address("2001:db8:0::1", parent)), [
    'metadata.name: Invalid value: "2001:db8:0::1": must be in canonical form ("2001:db8::1")',
  ]);
  assert.deepEqual(problemsOf(IPAddress, address("10.0.0", parent)), [
    'metadata.name: Invalid value: "10.0.0": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ]);
  assert.deepEqual(problemsOf(IPAddress, address("10.0.0.1", undefined)), ["spec.parentRef: Required value"]);
  assert.deepEqual(problemsOf(IPAddress, address("10.0.0.1", { name: "web" })), [
    "spec.parentRef.resource: Required value",
  ]);
  const [moved] = updateProblems(
    IPAddress,
    address("10.0.0.1", parent),
    address("10.0.0.1", { ...parent, name: "db" }),
  );
  assert.match(moved!, /^spec\.parentRef: Invalid value: .*: field is immutable$/);
});

test("a range has one of each family at most, and a second may join", () => {
  assert.deepEqual(problemsOf(ServiceCIDR, range("10.0.0.0/24", "2001:db8::/112")), []);
  assert.deepEqual(problemsOf(ServiceCIDR, range()), [
    "spec.cidrs: Required value: at least one CIDR required",
  ]);
  assert.deepEqual(problemsOf(ServiceCIDR, range("10.0.0.0")), [
    'spec.cidrs[0]: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
  ]);
  assert.match(
    problemsOf(ServiceCIDR, range("10.0.0.0/24", "10.1.0.0/24"))[0]!,
    /no more than one IP for each/,
  );
  assert.match(problemsOf(ServiceCIDR, range("a", "b", "c"))[0]!, /may only hold up to 2 values/);
  assert.deepEqual(
    updateProblems(ServiceCIDR, range("10.0.0.0/24"), range("10.0.0.0/24", "2001:db8::/112")),
    [],
  );
  assert.deepEqual(updateProblems(ServiceCIDR, range("10.0.0.0/24"), range("10.1.0.0/24")), [
    'spec.cidrs[0]: Invalid value: "10.1.0.0/24": field is immutable',
  ]);
  const both = range("10.0.0.0/24", "2001:db8::/112");
  assert.deepEqual(updateProblems(ServiceCIDR, both, range("10.0.0.0/24", "2001:db8:1::/112")), [
    'spec.cidrs[1]: Invalid value: "2001:db8:1::/112": field is immutable',
  ]);
  assert.deepEqual(updateProblems(ServiceCIDR, both, range("10.0.0.0/24")), [
    'spec.cidrs: Invalid value: ["10.0.0.0/24"]: field is immutable',
  ]);
  assert.match(problemsOf(BetaServiceCIDR, range("10.0.0.0"))[0]!, /must be a valid CIDR value/);
});
