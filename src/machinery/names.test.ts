import assert from "node:assert/strict";
import { test } from "node:test";
import { type NameFormat, problemsOfName, problemsOfNamePrefix, problemsOfPort } from "./names.ts";

test("each form lets the right names through", () => {
  const long = (length: number) => "a".repeat(length);
  const cases: [NameFormat, string[], string[]][] = [
    ["dns-label", ["a", "my-name", "123", long(63)], ["", "A", "-a", "a-", "a.b", long(64)]],
    ["dns-subdomain", ["a.b", "example.com", long(253)], ["", "a..b", ".a", "A.b", long(254)]],
    ["dns-1035-label", ["a1", "abc-123"], ["1a", "", "a_b"]],
    ["wildcard-subdomain", ["*.example.com"], ["example.com", "*.", "*"]],
    ["qualified-name", ["a", "A_b.c", "example.com/Name"], ["", "/a", "a/", "a/b/c", "EX.com/a", "a b"]],
    ["label-value", ["", "A_b.c-1", long(63)], ["-a", "a b", long(64)]],
    ["config-key", ["key.name", "_", "..a".slice(1)], ["", ".", "..", "..a", "a/b"]],
    ["path-segment", ["system:node", "a.b"], [".", "..", "a/b", "a%"]],
    ["port-name", ["http", "a1"], ["", "1", "a--b", "-a", "a-", "A", long(16)]],
    ["env-name", ["A", "my var", "a.b-c"], ["", "A=B", "ä"]],
    ["percent", ["10%"], ["10", "%", "-1%"]],
    ["uuid", ["00000000-0000-4000-8000-00000000000a"], ["x", "00000000-0000-4000-8000-00000000000A"]],
    ["resource-pool-name", ["a/b.c"], ["", "a//b", "A"]],
    ["resource-fully-qualified-name", ["example.com/Model"], ["Model", "example.com/", "example.com/a-b"]],
    ["extended-resource-name", ["example.com/gpu"], ["gpu", "kubernetes.io/gpu"]],
    ["dns-subdomain-caseless", ["Example.com"], ["-a"]],
    ["header-name", ["X-Name"], ["X_Name", ""]],
  ];
  for (const [format, good, bad] of cases) {
    for (const text of good) assert.deepEqual(problemsOfName(format, text), [], `${format} ${text}`);
    for (const text of bad) assert.notDeepEqual(problemsOfName(format, text), [], `${format} ${text}`);
  }
});

test("the words are the API's", () => {
  assert.deepEqual(problemsOfName("dns-subdomain", "A"), [
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ]);
  assert.deepEqual(problemsOfName("qualified-name", ""), [
    "name part must be non-empty",
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
  ]);
  assert.deepEqual(problemsOfName("dns-label", "a".repeat(64)), ["must be no more than 63 characters"]);
  assert.deepEqual(problemsOfPort(0), ["must be between 1 and 65535, inclusive"]);
});

test("the start of a generated name may end with a hyphen", () => {
  assert.deepEqual(problemsOfNamePrefix("dns-subdomain", "web-"), []);
  assert.deepEqual(problemsOfNamePrefix("dns-subdomain", "web--"), []);
  assert.notDeepEqual(problemsOfNamePrefix("dns-subdomain", "-"), []);
  assert.notDeepEqual(problemsOfNamePrefix("dns-subdomain", "Web-"), []);
});

test("hostile names take no time", () => {
  assert.notDeepEqual(problemsOfName("dns-subdomain", `${"a".repeat(1_000_000)}!`), []);
  assert.notDeepEqual(problemsOfName("dns-subdomain", `${"a.".repeat(2000)}!`), []);
});
