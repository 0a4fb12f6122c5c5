/** What Kubernetes' functions answer. Every expression is true, or fails with the text beside it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileRule } from "./cel.ts";
import {
  type AccessCheck,
  AUTHORIZER_TYPE,
  authorizerValue,
  REQUEST_RESOURCE_TYPE,
  requestResourceValue,
} from "./library/authorizer.ts";
import { ANYTHING, declareValueOf } from "./declaration.ts";
import { BOOL, DYN } from "./types.ts";
import { isError, type Result } from "./values.ts";
import { compileProgram } from "./program.ts";
import { KUBERNETES_FUNCTIONS } from "./library/kubernetes.ts";

function evaluate(expression: string): unknown {
  const program = compileProgram(expression, {
    functions: KUBERNETES_FUNCTIONS,
    variables: new Map(),
    strict: true,
  });
  assert.ok(!("errors" in program), "errors" in program ? program.errors : "");
  const { value } = program.evaluate(() => undefined);
  return isError(value) ? `error: ${value.message}` : value;
}

const TRUE: Readonly<Record<string, readonly string[]>> = {
  lists: [
    "[1, 2, 2, 3].isSorted()",
    "!['b', 'a'].isSorted()",
    "[].isSorted()",
    "[1, 2, 3].sum() == 6",
    "[1.5, 2.5].sum() == 4.0",
    "[duration('1m'), duration('1s')].sum() == duration('61s')",
    "[1u, 2u].sum() == 3u",
    "[3, 1, 2].min() == 1 && [3, 1, 2].max() == 3",
    "['b', 'a'].min() == 'a'",
    "[1, 2, 2].indexOf(2) == 1 && [1, 2, 2].lastIndexOf(2) == 2 && [1].indexOf(5) == -1",
  ],
  sets: [
    "sets.contains([1, 2, 3], [2, 2, 1])",
    "!sets.contains([1], [2])",
    "sets.equivalent([1, 1], [1])",
    "sets.intersects([1, 2], [2, 3]) && !sets.intersects([1], [])",
  ],
  regex: [
    "'abc 123'.find('[0-9]+') == '123'",
    "'abc'.find('[0-9]+') == ''",
    "'123 abc 456'.findAll('[0-9]+') == ['123', '456']",
    "'123 abc 456'.findAll('[0-9]+', 1) == ['123']",
    "'abc'.matches('^[a-c]+$') && matches('xabcx', 'b')",
  ],
  url: [
    "isURL('https://user:pass@example.com:80/path?query=val#fragment')",
    "isURL('/absolute-path') && !isURL('https://a:b:c/') && !isURL('../relative-path')",
    "url('https://example.com:80/').getHost() == 'example.com:80'",
    "url('https://[::1]:80/').getHostname() == '::1'",
    "url('https://[::1]:80/').getPort() == '80'",
    "url('https://example.com/path with spaces/').getEscapedPath() == '/path%20with%20spaces/'",
    "url('https://example.com').getEscapedPath() == ''",
    "url('/path').getScheme() == '' && url('https://example.com/').getScheme() == 'https'",
    "url('https://example.com/path?k1=a&k2=b&k2=c').getQuery() == {'k1': ['a'], 'k2': ['b', 'c']}",
    "url('https://example.com/path').getQuery() == {}",
  ],
  ip: [
    "isIP('127.0.0.1') && isIP('::1') && !isIP('127.0.0.256') && !isIP(':::1') && !isIP('010.0.0.1')",
    "!isIP('::ffff:1.2.3.4') && !isIP('fe80::1%eth0')",
    "ip.isCanonical('2001:db8::abcd') && !ip.isCanonical('2001:DB8::ABCD')",
    "!ip.isCanonical('2001:db8::0:0:0:abcd')",
    "ip('127.0.0.1').family() == 4 && ip('::1').family() == 6",
    "ip('0.0.0.0').isUnspecified() && ip('::').isUnspecified()",
    "ip('127.0.0.1').isLoopback() && ip('::1').isLoopback() && !ip('2001:db8::abcd').isLoopback()",
    "ip('224.0.0.1').isLinkLocalMulticast() && !ip('224.0.1.1').isLinkLocalMulticast() && ip('ff02::1').isLinkLocalMulticast()",
    "ip('169.254.169.254').isLinkLocalUnicast() && ip('fe80::1').isLinkLocalUnicast() && !ip('fd80::1').isLinkLocalUnicast()",
    "ip('192.168.0.1').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast() && !ip('ff00::1').isGlobalUnicast()",
    "string(ip('2001:DB8::1')) == '2001:db8::1' && ip('::1') == ip('0:0::1')",
  ],
  cidr: [
    "isCIDR('192.168.0.0/16') && isCIDR('::1/128') && !isCIDR('192.168.0.0/33') && !isCIDR('192.168.0.0')",
    "cidr('192.168.0.0/24').containsIP(ip('192.168.0.1')) && !cidr('192.168.0.0/24').containsIP('192.168.1.1')",
    "cidr('192.168.0.0/16').containsCIDR('192.168.10.0/24') && !cidr('192.168.1.0/24').containsCIDR('192.168.0.0/16')",
    "cidr('192.168.0.1/24').ip() == ip('192.168.0.1') && cidr('192.168.0.1/24').masked() == cidr('192.168.0.0/24')",
    "cidr('::1/64').prefixLength() == 64 && string(cidr('192.168.0.0/24')) == '192.168.0.0/24'",
  ],
  quantity: [
    "isQuantity('1.5Gi') && !isQuantity('1.5GB')",
    "quantity('50k').compareTo(quantity('50000')) == 0 && quantity('1Gi').isGreaterThan(quantity('1G'))",
    "quantity('-1').sign() == -1 && quantity('0').sign() == 0",
    "quantity('50000').asInteger() == 50000 && quantity('50000').isInteger() && !quantity('0.5').isInteger()",
    "quantity('50.703k').asApproximateFloat() == 50703.0",
    "quantity('50k').add(quantity('20')) == quantity('50020') && quantity('50k').sub(20) == quantity('49980')",
    "quantity('1').isLessThan(quantity('1001m'))",
  ],
  formats: [
    "!format.dns1123Label().validate('my-label').hasValue()",
    "format.dns1123Label().validate('My_label').value().size() == 1",
    "format.named('uuid').value().validate('123e4567-e89b-12d3-a456-426614174000') == optional.none()",
    "format.uuid().validate('x').value() == ['does not match the UUID format']",
    "!format.named('unheard-of').hasValue()",
    "!format.date().validate('2021-02-28').hasValue() && format.date().validate('2021-02-30').hasValue()",
    "!format.byte().validate('aGVsbG8=').hasValue() && format.byte().validate('a').hasValue()",
    "!format.dns1123LabelPrefix().validate('my-').hasValue() && !format.uri().validate('http://a.b').hasValue()",
    "!format.labelValue().validate('').hasValue() && !format.qualifiedName().validate('a.b/c').hasValue()",
  ],
  semver: [
    "isSemver('1.2.3-rc.1+build') && !isSemver('1.2') && !isSemver('v1.2.3') && isSemver('v1.2', true)",
    "semver('1.2.3').major() == 1 && semver('1.2.3').minor() == 2 && semver('1.2.3').patch() == 3",
    "semver('1.2.3-alpha').isLessThan(semver('1.2.3')) && semver('1.10.0').isGreaterThan(semver('1.9.9'))",
    "semver('1.0.0-alpha.2').compareTo(semver('1.0.0-alpha.10')) == -1 && semver('01.01.01', true) == semver('1.1.1')",
  ],
  strings: [
    "'hello'.reverse() == 'olleh' && 'a-b-c'.split('-', 2) == ['a', 'b-c']",
    "'Ab'.lowerAscii() + 'Ab'.upperAscii() == 'abAB' && ' x\\t'.trim() == 'x'",
    "strings.quote('a\"b\\n') == '\"a\\\\\"b\\\\n\"' && '%s is %d'.format(['x', dyn(1)]) == 'x is 1'",
  ],
  time: [
    "timestamp('2023-05-28T00:00:00Z').getDayOfWeek() == 0",
    "timestamp('2023-01-01T12:00:00Z').getHours('America/New_York') == 7",
    "duration('1h30m').getMinutes() == 90 && duration('1.5s').getMilliseconds() == 500",
  ],
};

for (const [library, expressions] of Object.entries(TRUE)) {
  test(`${library}: what is true`, () => {
    for (const expression of expressions) assert.equal(evaluate(expression), true, expression);
  });
}

const FAILING: readonly (readonly [string, string])[] = [
  ["[0].filter(x, x > 1).min() == 0", "min called on empty list"],
  [
    "url('x') == url('x')",
    'URL parse error during conversion from string: parse "x": invalid URI for request',
  ],
  ["ip('::ffff:1.2.3.4').family() == 6", 'IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed'],
  ["quantity('1.5kM').isInteger()", "unable to parse quantity's suffix"],
  ["quantity('0.5').asInteger() == 1", "cannot convert value to integer"],
  ["semver('1.2').major() == 1", "No Major.Minor.Patch elements found"],
  ["dyn('x') + dyn(1) == 'x1'", "no such overload"],
  ["{'a': 1}['b'] == 1", "no such key: b"],
  ["[1][1] == 1", "index out of bounds: 1"],
  ["9223372036854775807 + 1 == 0", "integer overflow"],
  ["1 / 0 == 1", "division by zero"],
  ["'x'.find('(') == ''", "Illegal regex: error parsing regexp: missing closing ): `(`"],
];

for (const [expression, message] of FAILING) {
  test(`${expression} fails: ${message}`, () => assert.equal(evaluate(expression), `error: ${message}`));
}

const WRONG: readonly (readonly [string, string])[] = [
  ["x == 1", "ERROR: <input>:1:1: undeclared reference to 'x' (in container '')\n | x == 1\n | ^"],
  [
    "1 + 'a' == 2",
    "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | 1 + 'a' == 2\n | ..^",
  ],
  [
    "'a'.size(1) == 2",
    "ERROR: <input>:1:9: found no matching overload for 'size' applied to 'string.(int)'\n | 'a'.size(1) == 2\n | ........^",
  ],
  [
    "[1, 'a'].size() == 2",
    "ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, 'a'].size() == 2\n | ....^",
  ],
  [
    "'a'.matches('(')",
    "ERROR: <input>:1:13: invalid matches argument\n | 'a'.matches('(')\n | ............^",
  ],
  [
    "duration('1y') > duration('1s')",
    "ERROR: <input>:1:10: invalid duration argument\n | duration('1y') > duration('1s')\n | .........^",
  ],
  [
    "1.all(x, true)",
    "ERROR: <input>:1:1: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)\n | 1.all(x, true)\n | ^",
  ],
  [
    "true &&",
    "ERROR: <input>:1:8: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | true &&\n | .......^",
  ],
];

for (const [expression, errors] of WRONG) {
  test(`${expression} does not compile`, () => {
    const rule = compileRule({ expression, variables: new Map(), result: DYN });
    assert.deepEqual(rule, { error: `compilation failed: ${errors}` });
  });
}

test("expressions that are too deep are refused", () => {
  for (const expression of [
    "(".repeat(300),
    `1${"+1".repeat(300)}`,
    `a${".b".repeat(300)}`,
    `${"-".repeat(300)}[${"[".repeat(300)}`,
  ]) {
    const rule = compileRule({ expression, variables: new Map([["a", ANYTHING]]), result: DYN });
    assert.match((rule as { error: string }).error, /recursion/);
  }
});

const NO_ANSWER = { allowed: false, reason: "", error: "" };

test("the authorizer is asked what the expression says", () => {
  const asked: AccessCheck[] = [];
  const decide = (check: AccessCheck) => {
    asked.push(check);
    return { ...NO_ANSWER, allowed: check.verb === "create" };
  };
  const variables = new Map([
    ["object", ANYTHING],
    ["authorizer", declareValueOf(AUTHORIZER_TYPE)],
    ["authorizer.requestResource", declareValueOf(REQUEST_RESOURCE_TYPE)],
  ]);
  const expression =
    "authorizer.group('apps').resource('deployments').subresource('scale').namespace(object.metadata.namespace).check('create').allowed()" +
    " && !authorizer.requestResource.check('delete').allowed()";
  const rule = compileRule({ expression, variables, result: BOOL });
  assert.ok("program" in rule, "error" in rule ? rule.error : "");
  const values: Readonly<Record<string, Result>> = {
    object: ANYTHING.read({ metadata: { namespace: "n" } }),
    authorizer: authorizerValue(decide),
    "authorizer.requestResource": requestResourceValue(decide, { resource: "pods", name: "p" }),
  };
  const { value, cost } = rule.program.evaluate((name) => values[name]);
  assert.equal(value, true);
  assert.equal(cost, 700_012);
  const [first, second] = asked;
  assert.deepEqual(
    [first?.group, first?.resource, first?.subresource, first?.namespace, first?.verb],
    ["apps", "deployments", "scale", "n", "create"],
  );
  assert.deepEqual([second?.resource, second?.name, second?.verb], ["pods", "p", "delete"]);
});
