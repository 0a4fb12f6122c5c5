import assert from "node:assert/strict";
import type { V1APIGroupList } from "@kubernetes/client-node";
import { eventually } from "../../tools/eventually.ts";
import { type CustomKind, makeCustomKind, OPEN_SCHEMA } from "../custom-kind.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

const ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const ACCEPT_BETA = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

interface Resource {
  readonly resource: string;
  readonly responseKind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly scope: string;
  readonly singularResource: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly { readonly subresource: string; readonly verbs: readonly string[] }[];
}

interface GroupList {
  readonly kind: string;
  readonly apiVersion: string;
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly {
      readonly version: string;
      readonly freshness?: string;
      readonly resources: readonly Resource[];
    }[];
  }[];
}

async function discovered(
  { raw }: ConformanceContext,
  root: "/api" | "/apis",
  accept = ACCEPT,
): Promise<GroupList> {
  const answer = await raw("GET", root, { headers: { accept } });
  assert.equal(answer.code, 200, answer.body);
  assert.equal(answer.headers["content-type"], accept);
  return answer.json<GroupList>();
}

const resourcesOf = ({ items }: GroupList, group: string, version: string): readonly Resource[] | undefined =>
  items
    .find(({ metadata }) => (metadata.name ?? "") === group)
    ?.versions.find((each) => each.version === version)?.resources;

/** Groups, versions and resources that every cluster serves. */
const EXPECTED: readonly (readonly [group: string, version: string, resources: readonly string[]])[] = [
  [
    "admissionregistration.k8s.io",
    "v1",
    ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
  ],
  ["apiextensions.k8s.io", "v1", ["customresourcedefinitions"]],
  ["apiregistration.k8s.io", "v1", ["apiservices"]],
  ["apps", "v1", ["daemonsets", "deployments", "replicasets", "statefulsets"]],
  ["authentication.k8s.io", "v1", ["tokenreviews"]],
  ["authorization.k8s.io", "v1", ["selfsubjectaccessreviews", "subjectaccessreviews"]],
  ["autoscaling", "v1", ["horizontalpodautoscalers"]],
  ["autoscaling", "v2", ["horizontalpodautoscalers"]],
  ["batch", "v1", ["jobs", "cronjobs"]],
  ["certificates.k8s.io", "v1", ["certificatesigningrequests"]],
  ["coordination.k8s.io", "v1", ["leases"]],
  ["discovery.k8s.io", "v1", ["endpointslices"]],
  ["networking.k8s.io", "v1", ["ingresses", "networkpolicies"]],
  ["node.k8s.io", "v1", ["runtimeclasses"]],
  ["policy", "v1", ["poddisruptionbudgets"]],
  ["scheduling.k8s.io", "v1", ["priorityclasses"]],
  ["storage.k8s.io", "v1", ["csinodes", "storageclasses", "volumeattachments"]],
];

/** A kind with much to tell of in discovery. */
const makeShop = (context: ConformanceContext): Promise<CustomKind> =>
  makeCustomKind(context, {
    kind: "Shop",
    versions: [
      { name: "v1", schema: { openAPIV3Schema: OPEN_SCHEMA }, subresources: { status: {} } },
      { name: "v1beta1", schema: { openAPIV3Schema: OPEN_SCHEMA } },
    ],
  });

/** Resolves when discovery has the kind; gives how it is told. */
const untilDiscovered = (context: ConformanceContext, kind: CustomKind, version: string) =>
  eventually(async () => {
    const found = resourcesOf(await discovered(context, "/apis"), kind.group, version);
    assert.ok(found, `${kind.group}/${version} is in the aggregated document`);
    return found.find(({ resource }) => resource === kind.plural)!;
  });

conformance(
  "[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface [Conformance]",
  async (context) => {
    const groups = await discovered(context, "/apis");
    for (const [group, version, resources] of EXPECTED) {
      const found = resourcesOf(groups, group, version);
      assert.ok(found, `${group}/${version}`);
      for (const name of resources)
        assert.ok(
          found.some(({ resource }) => resource === name),
          `${group}/${version} has ${name}`,
        );
    }
    const core = resourcesOf(await discovered(context, "/api"), "", "v1");
    const pods = core?.find(({ resource }) => resource === "pods");
    assert.deepEqual(pods?.responseKind, { group: "", version: "v1", kind: "Pod" });
    assert.equal(pods.scope, "Namespaced");
    assert.equal(pods.singularResource, "pod");
    assert.deepEqual(pods.shortNames, ["po"]);
    assert.ok(pods.categories?.includes("all"));
    assert.ok(pods.verbs.includes("deletecollection"));
    const status = pods.subresources?.find(({ subresource }) => subresource === "status");
    assert.deepEqual(status?.verbs.toSorted(), ["get", "patch", "update"]);
    assert.equal(core?.find(({ resource }) => resource === "nodes")?.scope, "Cluster");

    // kubectl asks in this way, once for each of the two paths.
    const { stdout, stderr } = await context.kubectl(["api-resources", "-o", "name", "-v=6"]);
    const asked = stderr.match(/url="[^"]*"/g) ?? [];
    assert.deepEqual(asked.map((url) => new URL(url.slice(5, -1)).pathname).toSorted(), ["/api", "/apis"]);
    for (const [group, , resources] of EXPECTED)
      for (const name of resources) assert.ok(stdout.includes(`${name}.${group}\n`), `${name}.${group}`);
  },
);

conformance(
  "[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface for CRDs [Conformance]",
  async (context) => {
    const kind = await makeShop(context);
    const shop = await untilDiscovered(context, kind, "v1");
    assert.equal(shop.scope, "Namespaced");
    const { stdout } = await context.kubectl(["api-resources", "--api-group", kind.group, "--no-headers"]);
    assert.match(stdout, new RegExp(`^shops +${kind.group}/v1 +true +Shop\\n$`));
    const { code, stderr } = await context.kubectl(["get", `shops.${kind.group}`]);
    assert.equal(code, 0, stderr);
  },
);

conformance(
  "[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers [Conformance]",
  async (context) => {
    const { raw } = context;
    for (const root of ["/api", "/apis"] as const) {
      const list = await discovered(context, root);
      assert.deepEqual([list.kind, list.apiVersion], ["APIGroupDiscoveryList", "apidiscovery.k8s.io/v2"]);
      // By preference, the first that is known.
      const both = await raw("GET", root, {
        headers: { accept: `${ACCEPT},${ACCEPT_BETA},application/json` },
      });
      assert.equal(both.headers["content-type"], ACCEPT);
      const old = await raw("GET", root, { headers: { accept: "application/json" } });
      assert.equal(old.json<V1APIGroupList>().kind, root === "/api" ? "APIVersions" : "APIGroupList");
      // The beta form is not served any more, nor is one that never was.
      for (const other of [ACCEPT_BETA, ACCEPT.replace("v=v2", "v=v9")]) {
        const fallback = await raw("GET", root, { headers: { accept: `${other},application/json` } });
        assert.equal(fallback.headers["content-type"], "application/json");
        assert.equal(
          fallback.json<{ kind: string }>().kind,
          root === "/api" ? "APIVersions" : "APIGroupList",
        );
        assert.equal((await raw("GET", root, { headers: { accept: other } })).code, 406);
      }

      // An unchanged document is not sent twice.
      const again = await raw("GET", root, {
        headers: { accept: ACCEPT, "if-none-match": both.headers.etag! },
      });
      if (root === "/api") assert.equal(again.code, 304);
      assert.match(both.headers.vary!, /accept/i);
    }
  },
);

conformance(
  "[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery request for CRDs [Conformance]",
  async (context) => {
    const kind = await makeShop(context);
    const { group } = kind;
    const stable = await untilDiscovered(context, kind, "v1");
    const beta = await untilDiscovered(context, kind, "v1beta1");
    const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    for (const [version, shop] of [
      ["v1", stable],
      ["v1beta1", beta],
    ] as const) {
      assert.deepEqual(shop.responseKind, { group, version, kind: "Shop" });
      assert.equal(shop.singularResource, "shop");
      assert.deepEqual(shop.verbs.toSorted(), verbs);
    }
    assert.deepEqual(
      stable.subresources?.map(({ subresource }) => subresource),
      ["status"],
    );
    assert.equal(beta.subresources, undefined);
    // The preferred version is the first.
    const { items } = await discovered(context, "/apis");
    const found = items.find(({ metadata }) => metadata.name === group)!;
    assert.deepEqual(
      found.versions.map(({ version, freshness }) => `${version} ${freshness}`),
      ["v1 Current", "v1beta1 Current"],
    );
    // A version that is not served any more is gone.
    await kind.define(({ spec }) => (spec.versions[1]!.served = false));
    await eventually(async () =>
      assert.equal(resourcesOf(await discovered(context, "/apis"), group, "v1beta1"), undefined),
    );
  },
);
