/** How Services find their pods: Endpoints and EndpointSlices, made by hand and by controllers. */
import assert from "node:assert/strict";
import type { V1EndpointSlice, V1Service } from "@kubernetes/client-node";
import { endpoints, endpointSlices, pods, services } from "../kinds.ts";
import { podOf, waiting } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";
import { readyPods } from "../workloads.ts";

const SERVICE = "kubernetes.io/service-name";

const serviceOf = (name: string, selector?: Record<string, string>): V1Service => ({
  metadata: { name },
  spec: { ...(selector && { selector }), ports: [{ name: "http", port: 80, targetPort: 8080 }] },
});

const addressesOf = (slices: readonly V1EndpointSlice[]): string[] =>
  slices
    .flatMap((slice) =>
      (slice.endpoints ?? [])
        .filter(({ conditions }) => conditions?.ready !== false)
        .flatMap(({ addresses }) => addresses),
    )
    .toSorted();

const slicesOf = (
  context: ConformanceContext,
  name: string,
  wanted: (slices: readonly V1EndpointSlice[]) => boolean,
  what: string,
) => endpointSlices(context).untilAll({ labelSelector: `${SERVICE}=${name}` }, wanted, what);

conformance(
  "[sig-network] API Server should have Endpoints and EndpointSlices pointing to API Server [Conformance]",
  async (context) => {
    const service = await services(context, "default").read("kubernetes");
    assert.ok(service.spec?.clusterIP);
    const { subsets } = await endpoints(context, "default").read("kubernetes");
    const [subset] = subsets!;
    assert.deepEqual([subsets?.length, subset?.ports?.length, subset?.ports?.[0]?.name], [1, 1, "https"]);
    const slices = await endpointSlices(context, "default").list({ labelSelector: `${SERVICE}=kubernetes` });
    assert.deepEqual(addressesOf(slices), subset!.addresses!.map(({ ip }) => ip).toSorted());
    assert.deepEqual(
      [slices[0]?.ports?.[0]?.port, slices[0]?.ports?.[0]?.name],
      [subset!.ports![0]!.port, "https"],
    );
  },
);

conformance(
  "[sig-network] API Server should provide secure master service [Conformance]",
  async (context) => {
    const { spec } = await services(context, "default").read("kubernetes");
    assert.deepEqual(
      spec?.ports?.map(({ name, port, protocol }) => [name, port, protocol]),
      [["https", 443, "TCP"]],
    );
    assert.equal(spec?.type, "ClusterIP");
  },
);

/** Two of three pods match, and one of the others is not ready. */
async function matchingPods(context: ConformanceContext): Promise<readonly string[]> {
  const labels = { app: "matches" };
  for (const name of ["one", "two"])
    await pods(context).create(podOf(name, waiting({ ports: [{ containerPort: 8080 }] }), {}, labels));
  await pods(context).create(podOf("other", waiting(), {}, { app: "differs" }));
  const ready = await readyPods(context, "app=matches", 2);
  return ready.map(({ status }) => status!.podIP!).toSorted();
}

conformance(
  "[sig-network] EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service [Conformance]",
  async (context) => {
    await services(context).create(serviceOf("matches", { app: "matches" }));
    const ips = await matchingPods(context);
    const [slice] = await slicesOf(
      context,
      "matches",
      (all) => addressesOf(all).join() === ips.join(),
      "both pods are in the slices",
    );
    assert.equal(slice?.addressType, "IPv4");
    assert.equal(
      slice?.metadata?.labels?.["endpointslice.kubernetes.io/managed-by"],
      "endpointslice-controller.k8s.io",
    );
    assert.equal(slice?.metadata?.ownerReferences?.[0]?.kind, "Service");
    assert.deepEqual(
      slice?.ports?.map(({ name, port, protocol }) => [name, port, protocol]),
      [["http", 8080, "TCP"]],
    );
    for (const endpoint of slice!.endpoints!) {
      assert.deepEqual(
        [endpoint.conditions?.ready, endpoint.conditions?.serving, endpoint.conditions?.terminating],
        [true, true, false],
      );
      assert.equal(endpoint.targetRef?.kind, "Pod");
      const pod = await pods(context).read(endpoint.targetRef!.name!);
      assert.deepEqual(
        [endpoint.nodeName, endpoint.addresses, endpoint.targetRef?.uid],
        [pod.spec?.nodeName, [pod.status?.podIP], pod.metadata?.uid],
      );
    }
    const { subsets } = await endpoints(context).until(
      "matches",
      (object) => object.subsets?.[0]?.addresses?.length === 2,
      "has both pods",
    );
    assert.deepEqual(subsets?.[0]?.addresses?.map(({ ip }) => ip).toSorted(), ips);

    await pods(context).delete("one");
    await slicesOf(context, "matches", (all) => addressesOf(all).length === 1, "one pod is left");
  },
);

conformance(
  "[sig-network] EndpointsController should create Endpoints for Pods matching a Service [Conformance]",
  async (context) => {
    await services(context).create(serviceOf("matches", { app: "matches" }));
    const ips = await matchingPods(context);
    const { subsets } = await endpoints(context).until(
      "matches",
      (object) => object.subsets?.[0]?.addresses?.length === 2,
      "has both pods",
    );
    assert.deepEqual([subsets?.length, subsets?.[0]?.addresses?.map(({ ip }) => ip).toSorted()], [1, ips]);
    assert.deepEqual(
      subsets?.[0]?.ports?.map(({ name, port, protocol }) => [name, port, protocol]),
      [["http", 8080, "TCP"]],
    );
    for (const { ip, nodeName, targetRef } of subsets![0]!.addresses!) {
      const pod = await pods(context).read(targetRef!.name!);
      assert.deepEqual(
        [nodeName, ip, targetRef?.uid],
        [pod.spec?.nodeName, pod.status?.podIP, pod.metadata?.uid],
      );
    }
    await pods(context).deleteCollection({ labelSelector: "app=matches" });
    await endpoints(context).until("matches", (object) => !object.subsets?.length, "has no pods");
  },
);

conformance(
  "[sig-network] EndpointSlice should create and delete EndpointSlices for a Service with a selector that matches no pods [Conformance]",
  async (context) => {
    await services(context).create(serviceOf("empty", { app: "nobody" }));
    const slices = await slicesOf(context, "empty", (all) => all.length === 1, "one slice is there");
    assert.deepEqual([slices[0]?.endpoints ?? [], slices[0]?.addressType], [[], "IPv4"]);
    await services(context).delete("empty");
    await slicesOf(context, "empty", (all) => all.length === 0, "the slice is gone with its service");
  },
);

conformance(
  "[sig-network] EndpointsController should create and delete Endpoints for a Service with a selector that matches no pods [Conformance]",
  async (context) => {
    await services(context).create(serviceOf("empty", { app: "nobody" }));
    const object = await endpoints(context).until("empty", () => true, "is there");
    assert.deepEqual(object.subsets ?? [], []);
    await services(context).delete("empty");
    await endpoints(context).untilGone("empty");
  },
);

conformance(
  "[sig-network] EndpointSliceMirroring should mirror a custom Endpoints resource through create update and delete [Conformance]",
  async (context) => {
    // Without a selector: somebody else says where it leads.
    await services(context).create(serviceOf("custom"));
    const subset = (ip: string, port: number) => ({
      addresses: [{ ip }],
      ports: [{ name: "http", port, protocol: "TCP" }],
    });
    await endpoints(context).create({ metadata: { name: "custom" }, subsets: [subset("10.1.2.3", 80)] });
    const [slice] = await slicesOf(context, "custom", (all) => all.length === 1, "it is mirrored");
    assert.deepEqual(
      [addressesOf([slice!]), slice?.ports?.[0]?.port, slice?.addressType],
      [["10.1.2.3"], 80, "IPv4"],
    );
    assert.equal(
      slice?.metadata?.labels?.["endpointslice.kubernetes.io/managed-by"],
      "endpointslicemirroring-controller.k8s.io",
    );
    await endpoints(context).update("custom", (object) => {
      object.subsets = [subset("10.2.3.4", 9090)];
    });
    await slicesOf(
      context,
      "custom",
      (all) => addressesOf(all).join() === "10.2.3.4" && all.every(({ ports }) => ports?.[0]?.port === 9090),
      "the change is mirrored",
    );
    await endpoints(context).delete("custom");
    await slicesOf(context, "custom", (all) => all.length === 0, "the mirror is gone");
  },
);
