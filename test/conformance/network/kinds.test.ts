/** The kinds of sig-network as a client sees them, with no packet sent. */
import assert from "node:assert/strict";
import { refused } from "../kind-client.ts";
import {
  endpoints,
  endpointSlices,
  ingressClasses,
  ingresses,
  ipAddresses,
  serviceCidrs,
  services,
} from "../kinds.ts";
import { assertDiscovered, walkOperations } from "../operations.ts";
import { plain } from "../plain.ts";
import { conformance } from "../suite.ts";

conformance(
  "[sig-network] Ingress API should support creating Ingress API operations [Conformance]",
  async (context) => {
    const client = ingresses(context);
    await assertDiscovered(context, client.kind, ["status"]);
    const backend = { service: { name: "default-backend", port: { number: 80 } } };
    await walkOperations(client, context.unique("ingress"), {
      sample: (metadata) => ({
        metadata,
        spec: {
          defaultBackend: backend,
          rules: [{ host: "foo.example.com", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
        },
      }),
      change: {
        make: (ingress) => {
          ingress.spec!.rules = [
            { host: "*.example.com", http: { paths: [{ path: "/x", pathType: "Exact", backend }] } },
          ];
        },
        see: ({ spec, metadata }) => {
          assert.deepEqual(
            [spec?.rules?.[0]?.host, spec?.rules?.[0]?.http?.paths[0]?.pathType],
            ["*.example.com", "Exact"],
          );
          assert.equal(metadata?.generation, 2);
        },
      },
      meanwhile: async (name) => {
        const patched = await client.patchStatus(name, {
          metadata: { annotations: { patchedstatus: "true" } },
          status: { loadBalancer: { ingress: [{ ip: "169.1.1.1" }] } },
        });
        assert.deepEqual(
          [patched.status?.loadBalancer?.ingress?.[0]?.ip, patched.metadata?.annotations?.patchedstatus],
          ["169.1.1.1", "true"],
        );
        const updated = await client.updateStatus(name, (ingress) => {
          ingress.status!.loadBalancer = { ingress: [{ ip: "169.1.1.2" }] };
          ingress.spec!.rules = [];
        });
        assert.deepEqual(
          [updated.status?.loadBalancer?.ingress?.[0]?.ip, updated.spec?.rules?.length],
          ["169.1.1.2", 1],
        );
        assert.equal((await client.readStatus(name)).status?.loadBalancer?.ingress?.[0]?.ip, "169.1.1.2");
      },
    });
  },
);

conformance(
  "[sig-network] IngressClass API should support creating IngressClass API operations [Conformance]",
  async (context) => {
    const client = ingressClasses(context);
    await assertDiscovered(context, client.kind);
    await walkOperations(client, context.unique("class"), {
      sample: (metadata) => ({
        metadata,
        spec: {
          controller: "example.com/controller",
          parameters: { apiGroup: "k8s.example.com", kind: "Parameters", name: "of-class", scope: "Cluster" },
        },
      }),
      change: {
        make: ({ spec }) => {
          spec!.parameters!.name = "others";
        },
        see: ({ spec }) => assert.equal(spec?.parameters?.name, "others"),
      },
      meanwhile: async (name) => {
        await refused(client.patch(name, { spec: { controller: "example.com/other" } }), 422, "Invalid");
      },
    });
  },
);

conformance(
  "[sig-network] ServiceCIDR and IPAddress API should support ServiceCIDR API operations [Conformance]",
  async (context) => {
    const client = serviceCidrs(context);
    await assertDiscovered(context, client.kind, ["status"]);
    const standard = await client.read("kubernetes");
    assert.equal(standard.status?.conditions?.find(({ type }) => type === "Ready")?.status, "True");
    let count = 0;
    await walkOperations(client, context.unique("range"), {
      // Documentation addresses, which nobody has.
      sample: (metadata) => ({ metadata, spec: { cidrs: [`198.51.100.${16 * count++}/28`] } }),
      meanwhile: async (name) => {
        await client.until(
          name,
          ({ status }) =>
            status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ===
            true,
          "is ready",
        );
        await refused(client.patch(name, { spec: { cidrs: ["203.0.113.0/24"] } }), 422, "Invalid");
        const conditions = [
          {
            type: "Tested",
            status: "True",
            reason: "ByTest",
            message: "written by a test",
            lastTransitionTime: "2026-01-01T00:00:00Z",
          },
        ];
        const patched = await client.patchStatus(name, { status: { conditions } });
        assert.equal(patched.status?.conditions?.find(({ type }) => type === "Tested")?.reason, "ByTest");
        const updated = await client.updateStatus(name, (range) => {
          range.status!.conditions!.find(({ type }) => type === "Tested")!.reason = "ByAnother";
        });
        assert.equal(updated.status?.conditions?.find(({ type }) => type === "Tested")?.reason, "ByAnother");
      },
    });
  },
);

conformance(
  "[sig-network] ServiceCIDR and IPAddress API should support IPAddress API operations [Conformance]",
  async (context) => {
    const client = ipAddresses(context);
    await assertDiscovered(context, client.kind);
    const labels = { collection: context.unique("addresses") };
    const selector = { labelSelector: `collection=${labels.collection}` };
    // The server itself takes back addresses that belong to no Service; these do, as far as it can see.
    const service = (await services(context, "default").read("kubernetes")).metadata!;
    const parentRef = { resource: "services", namespace: service.namespace, name: service.name! };
    const recording = await client.record(selector);
    const names = ["192.0.2.1", "192.0.2.2", "2001:db8::ffff"];
    for (const name of names) {
      const created = await client.create({ metadata: { name, labels }, spec: { parentRef } });
      context.defer(() => client.delete(name));
      assert.deepEqual(plain(created.spec?.parentRef), parentRef);
    }
    await refused(client.create({ metadata: { name: "192.0.2.01" }, spec: { parentRef } }), 422, "Invalid");
    await refused(
      client.create({ metadata: { name: names[0], labels }, spec: { parentRef } }),
      409,
      "AlreadyExists",
    );
    assert.deepEqual(
      (await client.list(selector)).map(({ metadata }) => metadata!.name).toSorted(),
      names.toSorted(),
    );
    const patched = await client.patch(names[0]!, { metadata: { annotations: { patched: "yes" } } });
    assert.equal(patched.metadata?.annotations?.patched, "yes");
    const updated = await client.update(names[0]!, (address) => {
      address.metadata!.labels = { ...address.metadata!.labels, updated: "yes" };
    });
    assert.equal(updated.metadata?.labels?.updated, "yes");
    await refused(client.patch(names[0]!, { spec: { parentRef: { name: "other" } } }), 422, "Invalid");
    await recording.until(
      ({ type, object }) => type === "MODIFIED" && object.metadata?.labels?.updated === "yes",
      "the update is seen",
    );
    await client.delete(names[0]!);
    await refused(client.read(names[0]!), 404, "NotFound");
    await client.deleteCollection(selector);
    await client.untilAll(selector, (left) => left.length === 0, "the collection is gone");
  },
);

conformance(
  "[sig-network] EndpointSlice should support creating EndpointSlice API operations [Conformance]",
  async (context) => {
    const client = endpointSlices(context);
    await assertDiscovered(context, client.kind);
    await walkOperations(client, context.unique("slice"), {
      sample: (metadata) => ({
        metadata,
        addressType: "IPv4",
        endpoints: [{ addresses: ["192.0.2.10"], conditions: { ready: true } }],
        ports: [{ name: "http", port: 80, protocol: "TCP" }],
      }),
      change: {
        make: (slice) => {
          slice.endpoints!.push({ addresses: ["192.0.2.11"], conditions: { ready: false } });
        },
        see: (slice) =>
          assert.deepEqual(
            slice.endpoints?.map(({ addresses }) => addresses[0]),
            ["192.0.2.10", "192.0.2.11"],
          ),
      },
      meanwhile: async (name) => {
        await refused(client.patch(name, { addressType: "IPv6" }), 422, "Invalid");
      },
    });
  },
);

conformance(
  "[sig-network] Endpoints should test the lifecycle of an Endpoint [Conformance]",
  async (context) => {
    const client = endpoints(context);
    await walkOperations(client, context.unique("endpoints"), {
      sample: (metadata) => ({
        metadata,
        subsets: [
          { addresses: [{ ip: "192.0.2.24" }], ports: [{ name: "http", port: 80, protocol: "TCP" }] },
        ],
      }),
      change: {
        make: (object) => {
          object.subsets = [
            {
              addresses: [{ ip: "192.0.2.25" }],
              ports: [{ name: "http-test", port: 8080, protocol: "TCP" }],
            },
          ];
        },
        see: ({ subsets }) =>
          assert.deepEqual(
            [subsets?.[0]?.addresses?.[0]?.ip, subsets?.[0]?.ports?.[0]?.port],
            ["192.0.2.25", 8080],
          ),
      },
    });
    assert.ok((await client.listEverywhere()).some(({ metadata }) => metadata?.name === "kubernetes"));
  },
);

conformance(
  "[sig-network] Services should complete a service status lifecycle [Conformance]",
  async (context) => {
    const client = services(context);
    const labels = { lifecycle: context.unique("service") };
    const recording = await client.record({ labelSelector: `lifecycle=${labels.lifecycle}` });
    await client.create({
      metadata: { name: "status", labels },
      spec: { type: "LoadBalancer", selector: { app: "none" }, ports: [{ name: "http", port: 80 }] },
    });
    assert.deepEqual(plain((await client.readStatus("status")).status), { loadBalancer: {} });
    const patched = await client.patchStatus("status", {
      metadata: { annotations: { patchedstatus: "true" } },
      status: { loadBalancer: { ingress: [{ ip: "203.0.113.1" }] } },
    });
    assert.deepEqual(
      [patched.status?.loadBalancer?.ingress?.[0]?.ip, patched.metadata?.annotations?.patchedstatus],
      ["203.0.113.1", "true"],
    );
    await recording.until(
      ({ object }) => object.status?.loadBalancer?.ingress?.[0]?.ip === "203.0.113.1",
      "the patched status is seen",
    );
    const conditions = [
      {
        type: "StatusUpdate",
        status: "True",
        reason: "ByTest",
        message: "written by a test",
        lastTransitionTime: new Date("2026-01-01T00:00:00Z"),
      },
    ];
    const updated = await client.updateStatus("status", (service) => {
      service.status!.conditions = conditions;
      service.spec!.ports![0]!.port = 81;
    });
    assert.deepEqual(
      [updated.status?.conditions?.[0]?.type, updated.spec?.ports?.[0]?.port],
      ["StatusUpdate", 80],
    );
    await recording.until(
      ({ object }) => object.status?.conditions?.[0]?.reason === "ByTest",
      "the replaced status is seen",
    );
    const changed = await client.patch("status", { metadata: { labels: { patched: "yes" } } });
    assert.deepEqual(
      [changed.metadata?.labels?.patched, changed.status?.loadBalancer?.ingress?.[0]?.ip],
      ["yes", "203.0.113.1"],
    );
    await client.delete("status");
    await recording.until(({ type }) => type === "DELETED", "it is deleted");
    await refused(client.read("status"), 404, "NotFound");
  },
);

conformance(
  "[sig-network] Services should delete a collection of services [Conformance]",
  async (context) => {
    const client = services(context);
    const labels = { collection: context.unique("services") };
    const labelSelector = `collection=${labels.collection}`;
    for (const name of ["one", "two"])
      await client.create({
        metadata: { name, labels },
        spec: { selector: { app: name }, ports: [{ port: 80 }] },
      });
    await client.create({
      metadata: { name: "stays" },
      spec: { selector: { app: "stays" }, ports: [{ port: 80 }] },
    });
    assert.equal((await client.list({ labelSelector })).length, 2);
    await client.deleteCollection({ labelSelector });
    assert.deepEqual(
      (await client.list()).map(({ metadata }) => metadata?.name),
      ["stays"],
    );
  },
);

conformance(
  "[sig-network] Services should find a service from listing all namespaces [Conformance]",
  async (context) => {
    const all = await services(context).listEverywhere();
    const found = all.filter(({ metadata }) => metadata?.name === "kubernetes");
    assert.deepEqual(
      found.map(({ metadata }) => metadata?.namespace),
      ["default"],
    );
  },
);
