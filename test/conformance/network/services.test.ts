/** Requests to Services, from pods and from nodes. */
import assert from "node:assert/strict";
import type { V1Pod, V1Service, V1ServiceSpec } from "@kubernetes/client-node";
import { endpoints, endpointSlices, nodes, pods, services } from "../kinds.ts";
import { Kubectl } from "../kubectl.ts";
import { isReady, podOf, scripted, waiting, web } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";
import { leadsTo, readyPods } from "../workloads.ts";

const serviceOf = (name: string, more: Partial<V1ServiceSpec> = {}): V1Service => ({
  metadata: { name },
  spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: 8080 }], ...more },
});

const HOSTNAME = "cgi-bin/hostname";

/** Pods that answer with their names, and one that asks. */
async function make(context: ConformanceContext, count: number): Promise<readonly V1Pod[]> {
  await pods(context).create(podOf("asks", waiting()));
  for (let at = 0; at < count; at++)
    await pods(context).create(podOf(`web-${at}`, web(), {}, { app: "web" }));
  await pods(context).until("asks", isReady, "is ready");
  return readyPods(context, "app=web", count);
}

/** What a URL answers to the pod that asks, that many times. Proxies hear of a change a moment after the API. */
async function answers(context: ConformanceContext, url: string, times: number): Promise<string[]> {
  const once = `until timeout 5 wget -qO- ${url}; do sleep 0.1; done`;
  const script = `for n in $(seq ${times}); do ${once}; done`;
  const said = await new Kubectl(context).run("exec asks -- timeout 30 sh -c", script);
  return said.trim().split("\n");
}

/** Waits until these pods answer, and all of them: a proxy may hear of one a moment after the API. */
async function answeredBy(
  context: ConformanceContext,
  url: string,
  wanted: readonly V1Pod[] | number,
): Promise<void> {
  let said: readonly string[] = [];
  for (let time = 0; time < 20; time++) {
    said = distinct(await answers(context, url, 15));
    if (typeof wanted === "number" ? said.length === wanted : said.join() === names(wanted).join()) return;
  }
  assert.fail(`the answers come from ${said.join(", ")}`);
}

const names = (all: readonly V1Pod[]): string[] => all.map(({ metadata }) => metadata!.name!).toSorted();

const distinct = (all: readonly string[]): string[] => [...new Set(all)].toSorted();

const clusterUrl = ({ spec }: V1Service, path = HOSTNAME): string =>
  `http://${spec!.clusterIP}:${spec!.ports![0]!.port}/${path}`;

const nodeUrls = async (context: ConformanceContext, { spec }: V1Service): Promise<string[]> =>
  (await nodes(context).list()).map(
    ({ status }) =>
      `http://${status!.addresses!.find(({ type }) => type === "InternalIP")!.address}:${spec!.ports![0]!.nodePort}/${HOSTNAME}`,
  );

conformance(
  "[sig-network] Services should serve a basic endpoint from pods [Conformance]",
  async (context) => {
    const service = await services(context).create(serviceOf("web"));
    const [pod] = await make(context, 1);
    await endpoints(context).until(
      "web",
      ({ subsets }) => subsets?.[0]?.addresses?.length === 1,
      "has its pod",
    );
    assert.deepEqual(await answers(context, clusterUrl(service), 2), ["web-0", "web-0"]);
    await pods(context).create(podOf("web-more", web(), {}, { app: "web" }));
    const both = await readyPods(context, "app=web", 2);
    await endpoints(context).until(
      "web",
      ({ subsets }) => subsets?.[0]?.addresses?.length === 2,
      "has both pods",
    );
    await answeredBy(context, clusterUrl(service), both);
    await pods(context).delete(pod!.metadata!.name!);
    await endpoints(context).until(
      "web",
      ({ subsets }) =>
        subsets?.[0]?.addresses?.[0]?.targetRef?.name === "web-more" && subsets[0].addresses.length === 1,
      "has the other pod",
    );
    await answeredBy(
      context,
      clusterUrl(service),
      both.filter(({ metadata }) => metadata!.name === "web-more"),
    );
  },
);

conformance(
  "[sig-network] Services should serve multiport endpoints from pods [Conformance]",
  async (context) => {
    const two = scripted("httpd -p 8081 -h /www; exec httpd -f -p 8080 -h /www");
    await pods(context).create(podOf("web-0", two, {}, { app: "web" }));
    await pods(context).create(podOf("asks", waiting()));
    const service = await services(context).create(
      serviceOf("web", {
        ports: [
          { name: "one", port: 80, targetPort: 8080 },
          { name: "two", port: 81, targetPort: 8081 },
        ],
      }),
    );
    await pods(context).untilAll({}, (all) => all.length === 2 && all.every(isReady), "both run");
    const { subsets } = await endpoints(context).until(
      "web",
      (object) => object.subsets?.[0]?.addresses?.length === 1,
      "has its pod",
    );
    assert.deepEqual(subsets?.[0]?.ports?.map(({ name, port }) => [name, port]).toSorted(), [
      ["one", 8080],
      ["two", 8081],
    ]);
    for (const port of [80, 81])
      assert.deepEqual(await answers(context, `http://${service.spec!.clusterIP}:${port}/${HOSTNAME}`, 1), [
        "web-0",
      ]);
  },
);

conformance(
  "[sig-network] Services should be able to create a functioning NodePort service [Conformance]",
  async (context) => {
    const service = await services(context).create(serviceOf("web", { type: "NodePort" }));
    const all = await make(context, 2);
    assert.ok(service.spec!.ports![0]!.nodePort! >= 30_000);
    for (const url of [clusterUrl(service), ...(await nodeUrls(context, service))])
      await answeredBy(context, url, all);
  },
);

for (const [type, suffix] of [
  ["NodePort", "NodePort service"],
  ["ClusterIP", "service with type clusterIP"],
] as const) {
  const urlOf = async (context: ConformanceContext, service: V1Service) =>
    type === "NodePort" ? (await nodeUrls(context, service))[0]! : clusterUrl(service);

  conformance(
    `[sig-network] Services should have session affinity work for ${suffix} [LinuxOnly] [Conformance]`,
    async (context) => {
      const service = await services(context).create(serviceOf("web", { type, sessionAffinity: "ClientIP" }));
      assert.equal(service.spec?.sessionAffinityConfig?.clientIP?.timeoutSeconds, 10_800);
      await make(context, 3);
      assert.equal(distinct(await answers(context, await urlOf(context, service), 15)).length, 1);
    },
  );

  conformance(
    `[sig-network] Services should be able to switch session affinity for ${suffix} [LinuxOnly] [Conformance]`,
    async (context) => {
      const service = await services(context).create(serviceOf("web", { type }));
      const all = await make(context, 3);
      const url = await urlOf(context, service);
      await answeredBy(context, url, all);
      await services(context).patch("web", { spec: { sessionAffinity: "ClientIP" } });
      await answeredBy(context, url, 1);
      await services(context).patch("web", { spec: { sessionAffinity: "None" } });
      await answeredBy(context, url, all);
    },
  );
}

const external = { type: "ExternalName", externalName: "example.com" };

for (const type of ["ClusterIP", "NodePort"]) {
  conformance(
    `[sig-network] Services should be able to change the type from ExternalName to ${type} [Conformance]`,
    async (context) => {
      const created = await services(context).create({ metadata: { name: "web" }, spec: { ...external } });
      assert.equal(created.spec?.clusterIP, undefined);
      const changed = await services(context).update("web", (service) => {
        service.spec = {
          ...service.spec,
          type,
          externalName: undefined,
          selector: { app: "web" },
          ports: [{ port: 80, targetPort: 8080 }],
        };
      });
      assert.ok(changed.spec?.clusterIP);
      const all = await make(context, 2);
      await answeredBy(context, clusterUrl(changed), all);
      if (type === "NodePort")
        for (const url of await nodeUrls(context, changed)) await answeredBy(context, url, all);
    },
  );

  conformance(
    `[sig-network] Services should be able to change the type from ${type} to ExternalName [Conformance]`,
    async (context) => {
      const target = `elsewhere.${context.namespace}.svc.cluster.local`;
      await services(context).create(serviceOf("web", { type }));
      const elsewhere = await services(context).create(serviceOf("elsewhere"));
      await make(context, 1);
      const changed = await services(context).update("web", (service) => {
        service.spec = { type: "ExternalName", externalName: target };
      });
      assert.deepEqual([changed.spec?.clusterIP, changed.spec?.ports?.[0]?.nodePort], [undefined, undefined]);
      const lookUp = `until nslookup web.${context.namespace}.svc.cluster.local | grep -F ${elsewhere.spec!.clusterIP}; do sleep 0.1; done`;
      assert.match(
        await new Kubectl(context).run("exec asks -- timeout 30 sh -c", lookUp),
        new RegExp(elsewhere.spec!.clusterIP!),
      );
    },
  );
}

const byHand = (
  service: string,
  name: string,
  ips: readonly string[],
  ports: { name: string; port: number }[],
) => ({
  metadata: { name, labels: { "kubernetes.io/service-name": service } },
  addressType: "IPv4",
  endpoints: ips.map((ip) => ({ addresses: [ip] })),
  ports,
});

conformance(
  "[sig-network] EndpointSlice should support a Service with multiple endpoint IPs specified in multiple EndpointSlices [Conformance]",
  async (context) => {
    const all = await make(context, 2);
    const service = await services(context).create({
      metadata: { name: "by-hand" },
      spec: { ports: [{ name: "http", port: 80 }] },
    });
    for (const pod of all)
      await endpointSlices(context).create(
        byHand("by-hand", `of-${pod.metadata!.name}`, [pod.status!.podIP!], [{ name: "http", port: 8080 }]),
      );
    await answeredBy(context, clusterUrl(service), all);
  },
);

conformance(
  "[sig-network] EndpointSlice should support a Service with multiple ports specified in multiple EndpointSlices [Conformance]",
  async (context) => {
    const [pod] = await make(context, 1);
    const service = await services(context).create({
      metadata: { name: "by-hand" },
      spec: {
        ports: [
          { name: "one", port: 80 },
          { name: "two", port: 81 },
        ],
      },
    });
    for (const name of ["one", "two"])
      await endpointSlices(context).create(
        byHand("by-hand", name, [pod!.status!.podIP!], [{ name, port: 8080 }]),
      );
    for (const port of [80, 81])
      assert.deepEqual(await answers(context, `http://${service.spec!.clusterIP}:${port}/${HOSTNAME}`, 2), [
        "web-0",
        "web-0",
      ]);
  },
);

conformance(
  "[sig-network] Proxy version v1 should proxy through a service and a pod [Conformance]",
  async (context) => {
    await services(context).create(
      serviceOf("web", {
        ports: [
          { name: "http", port: 80, targetPort: 8080 },
          { name: "other", port: 81, targetPort: 8080 },
        ],
      }),
    );
    await make(context, 1);
    await leadsTo(context, "web", 1);
    const base = `/api/v1/namespaces/${context.namespace}`;
    for (const at of [
      "pods/web-0:8080",
      "pods/http:web-0:8080",
      "services/web:80",
      "services/web:http",
      "services/http:web:http",
      "services/web:other",
      "services/web:81",
    ]) {
      const { code, body } = await context.raw("GET", `${base}/${at}/proxy/${HOSTNAME}`);
      assert.deepEqual([at, code, body], [at, 200, "web-0\n"]);
    }
  },
);
