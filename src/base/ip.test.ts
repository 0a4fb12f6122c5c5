import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import {
  canonicalIp,
  cidrAddress,
  cidrHas,
  cidrsOverlap,
  formatCidr,
  isGlobalUnicast,
  parseCidr,
  parseIp,
} from "./ip.ts";

test("addresses have one canonical text", () => {
  const cases: [string, string | undefined][] = [
    ["10.0.0.1", "10.0.0.1"],
    ["255.255.255.255", "255.255.255.255"],
    ["010.0.0.1", undefined],
    ["10.0.0", undefined],
    ["10.0.0.256", undefined],
    ["FD00::0001", "fd00::1"],
    ["::", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["::ffff:10.0.0.1", "::ffff:a00:1"],
    ["1::2::3", undefined],
    ["1:2:3:4:5:6:7:8::", undefined],
    ["12345::", undefined],
    ["fe80::1%eth0", undefined],
    ["", undefined],
  ];
  for (const [text, canonical] of cases) equal(canonicalIp(text), canonical, text);
});

test("ranges know their members", () => {
  const pods = parseCidr("10.244.3.7/16")!;
  equal(formatCidr(pods), "10.244.0.0/16");
  equal(cidrHas(pods, "10.244.255.1"), true);
  equal(cidrHas(pods, "10.245.0.1"), false);
  equal(cidrHas(pods, "fd00::1"), false);
  equal(cidrAddress(pods, 258), "10.244.1.2");
  equal(cidrsOverlap(pods, parseCidr("10.0.0.0/8")!), true);
  equal(cidrsOverlap(pods, parseCidr("10.96.0.0/16")!), false);
  equal(cidrsOverlap(parseCidr("0.0.0.0/0")!, pods), true);
  deepEqual(
    ["10.0.0.0/33", "10.0.0.0", "10.0.0.0/", "fd00::/129", "x/8"].map((text) => parseCidr(text)),
    [undefined, undefined, undefined, undefined, undefined],
  );
  equal(parseIp("10.0.0.1/8"), undefined);
});

test("addresses that others than this machine may have", () => {
  const cases: [string, boolean][] = [
    ["10.1.2.3", true],
    ["203.0.113.9", true],
    ["2001:db8::1", true],
    ["::ffff:10.0.0.1", true],
    ["127.0.0.1", false],
    ["127.255.0.9", false],
    ["::ffff:127.0.0.1", false],
    ["169.254.169.254", false],
    ["224.0.0.1", false],
    ["255.255.255.255", false],
    ["0.0.0.0", false],
    ["::", false],
    ["::1", false],
    ["fe80::1", false],
    ["ff02::1", false],
    ["localhost", false],
    ["", false],
  ];
  for (const [address, wanted] of cases) equal(isGlobalUnicast(address), wanted, address);
});
