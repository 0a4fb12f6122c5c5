/** Rules of a service mesh: either this or that, forms of texts, null, and islands that nobody looks into. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CustomObjectsApi } from "@kubernetes/client-node";
import { mesh } from "./mesh.ts";
import { type Json, OperatorServer, yamlOf } from "./operator-server.ts";

const rule = (name: string, spec: object, version = "v1"): string =>
  yamlOf({
    apiVersion: `mesh.example.com/${version}`,
    kind: "DestinationRule",
    metadata: { name },
    spec: { host: "web", ...spec },
  });

/** A text that has the form, and one that has not. */
const FORMS: readonly (readonly [format: string, good: string, bad: string])[] = [
  ["bsonobjectid", "507f1f77bcf86cd799439011", "507f"],
  ["byte", "YWJj", "a b"],
  ["cidr", "10.0.0.0/8", "10.0.0.0/33"],
  ["date", "2024-02-29", "2023-02-29"],
  ["date-time", "2024-01-01T10:00:00.5+01:00", "2024-01-01"],
  ["datetime", "2024-01-01T10:00:00Z", "now"],
  ["duration", "1h30m", "soon"],
  ["duration", "22 ns", "1x"],
  ["email", "a@example.com", "nobody"],
  ["hexcolor", "#ff0033", "#ff00"],
  ["hostname", "web.example.com", "-web"],
  ["ipv4", "10.0.0.1", "::1"],
  ["ipv6", "2001:db8::1", "10.0.0.1"],
  ["isbn", "978-0321751041", "12"],
  ["mac", "01:23:45:67:89:ab", "01:23"],
  ["password", "", ""],
  ["rgbcolor", "rgb(1,2,3)", "red"],
  ["ssn", "111-22-3333", "1"],
  ["uri", "https://example.com/a?b=c", "a b"],
  ["uuid", "8C6F2C5A-0f0a-4b43-9c0a-3f2f6d2a1b1c", "8c6f"],
  ["uuid4", "8c6f2c5a-0f0a-4b43-9c0a-3f2f6d2a1b1c", "8c6f2c5a-0f0a-1b43-9c0a-3f2f6d2a1b1c"],
];

describe("a service mesh's definition", () => {
  let server: OperatorServer;
  before(async () => {
    server = await OperatorServer.start();
    await server.install(mesh);
  });
  after(() => server.close());

  it("keeps islands as they come, and what they name is looked at", async () => {
    const config = { typed: "yes", "@type": "type.example.com/x", deep: [{ a: null, b: 1.5 }] };
    await server.kubectl(
      "apply --server-side -f -",
      rule("islands", { filter: { name: "f", config, raw: [1, "two", { three: null }] }, subsets: null }),
    );
    const { spec } = await server.read("get dr islands");
    assert.deepEqual(spec.filter, { config, name: "f", raw: [1, "two", { three: null }] });
    assert.equal(spec.subsets, null);
    assert.match(
      await server.refused("create -f -", rule("bad", { filter: { config: { level: "high" } } })),
      /spec.filter.config.level: Invalid value: "string": spec.filter.config.level in body must be of type integer: "string"/,
    );
    for (const version of ["v1alpha3", "v1beta1"])
      assert.deepEqual(
        (await server.read(`get destinationrules.${version}.mesh.example.com islands`)).spec,
        spec,
      );
  });

  it("texts have their forms", async () => {
    const member = (format: string) => format.replace("-", "_");
    const good = Object.fromEntries(FORMS.map(([format, text]) => [member(format), text]));
    await server.kubectl("create -f -", rule("good", { formats: good }));
    for (const [format, , bad] of FORMS) {
      if (format === "password") continue;
      const refused = await server.refused(
        "create -f -",
        rule("bad", { formats: { [member(format)]: bad } }),
      );
      const place = `spec.formats.${member(format)}`;
      assert.ok(
        refused.includes(
          `${place}: Invalid value: "${bad}": ${place} in body must be of type ${format}: "${bad}"`,
        ),
        refused,
      );
    }
  });

  const refusals: readonly (readonly [what: string, spec: object, lines: readonly string[]])[] = [
    [
      "two of which one is allowed",
      { match: { user: { exact: "a", prefix: "b" } } },
      ['"spec.match.user" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [
      "two ways of choosing",
      { trafficPolicy: { loadBalancer: { simple: "RANDOM", consistentHash: { useSourceIp: true } } } },
      [
        '"spec.trafficPolicy.loadBalancer" must validate one and only one schema (oneOf). Found 2 valid alternatives',
      ],
    ],
    [
      "none of which one is needed, deep in a composition",
      { trafficPolicy: { loadBalancer: { consistentHash: {} } } },
      [
        '"spec.trafficPolicy.loadBalancer.consistentHash" must validate at least one schema (anyOf)',
        "spec.trafficPolicy.loadBalancer.consistentHash.httpHeaderName: Required value",
        '"spec.trafficPolicy.loadBalancer.consistentHash" must validate all the schemas (allOf)',
      ],
    ],
    ["what must not be", { gap: 13 }, ['"spec.gap" must not validate the schema (not)']],
    [
      "bounds that are not part of what is allowed",
      { ratio: 0, percent: 0.3 },
      [
        "spec.ratio: Invalid value: 0: spec.ratio in body should be greater than 0",
        "spec.percent: Invalid value: 0.3: spec.percent in body should be a multiple of 0.5",
      ],
    ],
    [
      "null that is none of the values",
      { mode: null },
      ['spec.mode: Unsupported value: null: supported values: "on", "off"'],
    ],
    [
      "too many members, of which no more is said",
      { portPolicies: Object.fromEntries([80, 81, 82, 83].map((port) => [port, { tls: { mode: "LOUD" } }])) },
      ["spec.portPolicies: Too many: 4: must have at most 3 items"],
    ],
    [
      "values of maps, by their keys",
      { portPolicies: { 80: { tls: { mode: "LOUD" } } } },
      [
        'spec.portPolicies.80.tls.mode: Unsupported value: "LOUD": supported values: "DISABLE", "SIMPLE", "MUTUAL"',
      ],
    ],
    [
      "a duration that a rule measures",
      { trafficPolicy: { connectionPool: { tcp: { connectTimeout: "1us" } } } },
      [
        'spec.trafficPolicy.connectionPool.tcp.connectTimeout: Invalid value: "1us": must be a valid duration greater than 1ms',
      ],
    ],
  ];
  for (const [what, spec, lines] of refusals)
    it(`refuses ${what}`, async () => {
      const refused = await server.refused("create -f -", rule("bad", spec));
      for (const line of lines) assert.ok(refused.includes(line), `${line}\n${refused}`);
    });

  it("null means nothing where it is no value, and is kept where it is one", async () => {
    const api = server.config.makeApiClient(CustomObjectsApi);
    const of = { group: "mesh.example.com", version: "v1", namespace: "default", plural: "destinationrules" };
    const body = {
      apiVersion: "mesh.example.com/v1",
      kind: "DestinationRule",
      metadata: { name: "nulls" },
      spec: {
        host: "web",
        exportTo: null,
        subsets: null,
        trafficPolicy: { tls: { insecureSkipVerify: null } },
      },
    };
    const made = (await api.createNamespacedCustomObject({ ...of, body })) as Json;
    const { exportTo: _nothing, ...said } = body.spec;
    assert.deepEqual(made.spec, said);
    await assert.rejects(
      api.createNamespacedCustomObject({
        ...of,
        body: { ...body, metadata: { name: "no" }, spec: { ...body.spec, exportTo: [null] } },
      }),
      /spec.exportTo\[0\] in body must be of type string/,
    );
  });

  it("forms are hints for those who show numbers: they bind nobody", async () => {
    const policy = { connectionPool: { tcp: { maxConnections: 4294967296 } } };
    await server.kubectl("create -f -", rule("many", { trafficPolicy: policy }));
    assert.match(
      await server.refused(
        "create -f -",
        rule("bad", { trafficPolicy: { connectionPool: { tcp: { maxConnections: 1.5 } } } }),
      ),
      /maxConnections: Invalid value: "number": spec.trafficPolicy.connectionPool.tcp.maxConnections in body must be of type integer: "number"/,
    );
  });
});
