/** Routes whose rules in CEL see across fields, look at what was, and say so in words of their own. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Json, OperatorServer, yamlOf } from "./operator-server.ts";
import { routes } from "./routes.ts";
import { definition, list, object, root, rules, text, version } from "./schema.ts";

const route = (name: string, spec: object): string =>
  yamlOf({ apiVersion: "gateway.example.com/v1", kind: "HTTPRoute", metadata: { name }, spec });
const backendRefs = [{ name: "web", port: 80 }];
const filter = (type: string, member: string, value: object) => ({ type, [member]: value });
const redirect = filter("RequestRedirect", "requestRedirect", { hostname: "example.org" });
const rewrite = (path: object) => filter("UrlRewrite", "urlRewrite", { path });
const prefix = { type: "ReplacePrefixMatch", replacePrefixMatch: "/new" };

describe("a gateway's definition", () => {
  let server: OperatorServer;
  before(async () => {
    server = await OperatorServer.start();
    await server.install(routes);
  });
  after(() => server.close());

  it("objects get the defaults of lists in lists", async () => {
    await server.kubectl("apply --server-side -f -", route("plain", { owner: "web" }));
    await server.kubectl(
      "apply --server-side -f -",
      route("full", {
        parentRefs: [
          { name: "edge", sectionName: "http" },
          { name: "edge", sectionName: "https" },
        ],
        hostnames: ["example.com", "*.example.net"],
        rules: [{ backendRefs, timeouts: { request: "10s", backendRequest: "2s" } }, { filters: [redirect] }],
        tier: "silver",
      }),
    );
    const matches = [{ path: { type: "PathPrefix", value: "/" } }];
    assert.deepEqual((await server.read("get hr plain")).spec.rules, [{ matches }]);
    const { spec } = await server.read("get hr full");
    assert.deepEqual(spec.rules, [
      {
        backendRefs: [{ group: "", kind: "Service", name: "web", port: 80, weight: 1 }],
        matches,
        timeouts: { backendRequest: "2s", request: "10s" },
      },
      {
        filters: [{ requestRedirect: { hostname: "example.org", statusCode: 302 }, type: "RequestRedirect" }],
        matches,
      },
    ]);
    assert.match(await server.kubectl("get hr full"), /^full +\["example\.com","\*\.example\.net"\] +\S+$/m);
  });

  const refusals: readonly (readonly [what: string, spec: object, line: string])[] = [
    [
      "a service without a port",
      { rules: [{ backendRefs: [{ name: "web" }] }] },
      "spec.rules[0].backendRefs[0]: Invalid value: Must have port for Service reference",
    ],
    [
      "a union with another member",
      { rules: [{ filters: [{ ...redirect, type: "UrlRewrite" }] }] },
      "spec.rules[0].filters[0]: Invalid value: filter.requestRedirect must be nil if the filter.type is not RequestRedirect",
    ],
    [
      "a union without its member",
      { rules: [{ filters: [{ ...redirect, type: "UrlRewrite" }] }] },
      "spec.rules[0].filters[0]: Invalid value: filter.urlRewrite must be specified for UrlRewrite filter.type",
    ],
    [
      "a redirect with a backend",
      { rules: [{ filters: [redirect], backendRefs }] },
      "spec.rules[0]: Invalid value: RequestRedirect filter must not be used together with backendRefs",
    ],
    [
      "two filters that exclude each other",
      { rules: [{ filters: [redirect, rewrite({ type: "ReplaceFullPath", replaceFullPath: "/" })] }] },
      "spec.rules[0].filters: Invalid value: May specify either httpRouteFilterRequestRedirect or httpRouteFilterRequestRewrite, but not both",
    ],
    [
      "a filter twice",
      { rules: [{ filters: [redirect, redirect] }] },
      "spec.rules[0].filters: Invalid value: RequestRedirect filter cannot be repeated",
    ],
    [
      "a prefix that is replaced, with two matches",
      { rules: [{ matches: [{}, { path: { value: "/a" } }], filters: [rewrite(prefix)], backendRefs }] },
      "spec.rules[0]: Invalid value: When using URLRewrite filter with path.replacePrefixMatch, exactly one PathPrefix match must be specified",
    ],
    [
      "a path with a strange character",
      { rules: [{ matches: [{ path: { value: "/a b" } }] }] },
      "spec.rules[0].matches[0].path: Invalid value: must only contain valid characters for types ['Exact', 'PathPrefix']",
    ],
    [
      "a timeout inside of a shorter one",
      { rules: [{ timeouts: { request: "1s", backendRequest: "2s" } }] },
      "spec.rules[0].timeouts: Invalid value: backendRequest timeout cannot be longer than request timeout",
    ],
    [
      "the same parent twice",
      { parentRefs: [{ name: "a" }, { name: "a" }] },
      "spec.parentRefs: Invalid value: sectionName must be unique when parentRefs includes 2 or more references to the same parent",
    ],
    [
      "an address among names, in a sentence that is computed",
      { hostnames: ["10.0.0.1"] },
      "spec.hostnames: Forbidden: no addresses, but there is 10.0.0.1",
    ],
    [
      "what may not be at the beginning",
      { tier: "gold" },
      'spec.tier: Invalid value: "gold": nothing begins as gold',
    ],
    [
      "too many of something: then rules are not looked at",
      { hostnames: Array.from({ length: 17 }, (_, index) => `h${index}.example.com`) },
      "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
    ],
    [
      "a weight out of bounds",
      { rules: [{ backendRefs: [{ name: "a", port: 1, weight: -1 }] }] },
      "spec.rules[0].backendRefs[0].weight: Invalid value: -1: spec.rules[0].backendRefs[0].weight in body should be greater than or equal to 0",
    ],
  ];
  for (const [what, spec, line] of refusals)
    it(`refuses ${what}`, async () => {
      const refused = await server.refused("create -f -", route("bad", spec));
      assert.ok(refused.includes(line), refused);
    });

  it("rules see what was, where there was something", async () => {
    const patch = (spec: object) => ["patch", "hr", "full", "--type=merge", "-p", JSON.stringify({ spec })];
    await server.kubectl(patch({ tier: "gold" }));
    assert.match(
      await server.refused(patch({ tier: "bronze" })),
      /spec.tier: Invalid value: "bronze": gold is forever/,
    );
    assert.match(await server.refused(patch({ owner: "me" })), /spec.owner: Forbidden: belongs to nobody/);
    const other = ["patch", "hr", "plain", "--type=json", "-p", '[{"op":"remove","path":"/spec/owner"}]'];
    assert.match(await server.refused(other), /spec.owner: Forbidden: belongs to web/);
    await server.kubectl(patch({ hostnames: ["example.org"] }));
  });

  it("rules are tightened without being in the way of what is there", async () => {
    const tighter = structuredClone(routes) as Json;
    const { properties } = tighter.spec.versions[0].schema.openAPIV3Schema.properties.spec;
    properties.owner.maxLength = 2;
    properties.hostnames.items.pattern = "^.*[.]example[.]com$";
    properties.tier.enum = ["bronze", "silver"];
    await server.install(tighter);
    const patch = (body: object) => ["patch", "hr", "full", "--type=merge", "-p", JSON.stringify(body)];
    await server.kubectl(patch({ metadata: { labels: { a: "b" } } }));
    await server.kubectl(patch({ spec: { rules: [{ backendRefs }] } }));
    const added = await server.refused(patch({ spec: { hostnames: ["example.org", "www.example.net"] } }));
    assert.match(
      added,
      /spec.hostnames\[1\]: Invalid value: "www.example.net": spec.hostnames\[1\] in body should match/,
    );
    assert.doesNotMatch(added, /spec.tier/);
    assert.match(
      await server.refused("create -f -", route("fresh", { owner: "long" })),
      /spec.owner: Too long: may not be more than 2 bytes/,
    );
    await server.install(routes);
  });

  it("a definition is refused whose rules are wrong, or might cost too much", async () => {
    const broken = (spec: object) =>
      yamlOf(
        definition({ group: "gateway.example.com", kind: "Broken", plural: "brokens" }, [
          version("v1", root("Broken.", { spec: spec as Json })),
        ]),
      );
    const place = "spec.validation.openAPIV3Schema.properties[spec]";
    const unbounded = list(
      "No end.",
      text("No end either."),
      rules({ rule: "self.all(x, self.all(y, x != y))" }),
    );
    const costly = await server.refused("create -f -", broken(object("Much.", { names: unbounded })));
    assert.ok(
      costly.includes(
        `${place}.properties[names].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      ),
      costly,
    );
    const wrong = object(
      "Wrong.",
      { name: text("Name.", { maxLength: 9 }) },
      rules({ rule: "self.nam == 'x'" }),
    );
    assert.match(
      await server.refused("create -f -", broken(wrong)),
      /x-kubernetes-validations\[0\]\.rule: Invalid value: .*compilation failed: ERROR: <input>:1:5: undefined field 'nam'\n \| self\.nam == 'x'\n \| \.\.\.\.\^/,
    );
    // Texts made of numbers have no bound that the estimate knows of.
    const counted = object(
      "Counted.",
      { n: { type: "integer" } },
      rules({ rule: "self.n > 0", messageExpression: "'not ' + string(self.n)" }),
    );
    assert.match(
      await server.refused("create -f -", broken(counted)),
      /x-kubernetes-validations\[0\]\.messageExpression: Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x/,
    );
    const elsewhere = object(
      "Elsewhere.",
      { n: { type: "integer" } },
      rules({ rule: "true", fieldPath: ".m" }),
    );
    assert.match(
      await server.refused("create -f -", broken(elsewhere)),
      /x-kubernetes-validations\[0\]\.fieldPath: Invalid value: "\.m": fieldPath must be a valid path/,
    );
    const odd = object("Odd.", { name: text("Name.", { format: "zip-code" }) });
    const { stderr } = await server.ran("create -f -", broken(odd));
    assert.equal(stderr, 'Warning: unrecognized format "zip-code"\n');
  });
});
