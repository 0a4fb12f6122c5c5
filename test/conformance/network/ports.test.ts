/** Ports that are the same number and yet different ones: of other protocols, and of other addresses of a node. */
import assert from "node:assert/strict";
import type { V1ContainerPort, V1Service, V1ServicePort } from "@kubernetes/client-node";
import { endpointSlices, nodes, pods, services } from "../kinds.ts";
import { isReady } from "../pods.ts";
import { ask, askingPod, HTTP_PORT, responderPod, UDP_PORT, untilSilent } from "../responder/pod.ts";
import { conformance } from "../suite.ts";

conformance(
  "[sig-network] HostPort validates that there is no conflict between pods with same hostPort but different hostIP and protocol [LinuxOnly] [Conformance]",
  async (context) => {
    const hostPort = 54_323;
    const [node] = await nodes(context).list();
    const nodeName = node!.metadata!.name!;
    const address = node!.status!.addresses!.find(({ type }) => type === "InternalIP")!.address;
    // The scheduler is to see that they fit.
    const nodeSelector = { "kubernetes.io/hostname": node!.metadata!.labels!["kubernetes.io/hostname"]! };
    const wants: Readonly<Record<string, V1ContainerPort>> = {
      loopback: { hostIP: "127.0.0.1", protocol: "TCP", containerPort: HTTP_PORT, hostPort },
      address: { hostIP: address, protocol: "TCP", containerPort: HTTP_PORT, hostPort },
      udp: { hostIP: address, protocol: "UDP", containerPort: UDP_PORT, hostPort },
    };
    for (const [name, port] of Object.entries(wants))
      await pods(context).create(
        responderPod(name, { container: { ports: [port] }, spec: { nodeSelector } }),
      );
    await pods(context).create(askingPod("asks", { nodeName, hostNetwork: true }));
    await pods(context).untilAll({}, (all) => all.length === 4 && all.every(isReady), "all run on one node");
    for (const [url, pod] of [
      [`http://127.0.0.1:${hostPort}`, "loopback"],
      [`http://${address}:${hostPort}`, "address"],
      [`udp://${address}:${hostPort}`, "udp"],
    ] as const)
      assert.equal(await ask(context, "asks", "hostname", url), pod);
    await untilSilent(context, "asks", `udp://127.0.0.1:${hostPort}`);
  },
);

conformance(
  "[sig-network] Services should serve endpoints on same port and different protocols [Conformance]",
  async (context) => {
    const port = 80;
    const targetPort = 8080;
    const ports: Readonly<Record<string, V1ServicePort>> = {
      http: { name: "tcp", protocol: "TCP", port, targetPort },
      udp: { name: "udp", protocol: "UDP", port, targetPort },
    };
    const labels = { app: "both" };
    const body: V1Service = {
      metadata: { name: "both" },
      spec: { selector: labels, ports: Object.values(ports) },
    };
    const { spec } = await services(context).create(body);
    await pods(context).create(
      responderPod("answers", { serves: { http: targetPort, udp: targetPort }, labels }),
    );
    await pods(context).create(askingPod("asks"));
    await pods(context).until("asks", isReady, "is ready");

    const serves = async (protocols: readonly string[]) => {
      const wanted = protocols.map((protocol) => [ports[protocol]!.protocol, targetPort]);
      const wantedText = JSON.stringify(wanted.toSorted());
      await endpointSlices(context).untilAll(
        { labelSelector: "kubernetes.io/service-name=both" },
        (slices) =>
          slices.length === 1 &&
          slices[0]!.endpoints?.length === 1 &&
          JSON.stringify(slices[0]!.ports?.map((each) => [each.protocol, each.port]).toSorted()) ===
            wantedText,
        `the endpoint has ${wantedText}`,
      );
      for (const protocol of Object.keys(ports)) {
        const url = `${protocol}://${spec!.clusterIP}:${port}`;
        if (protocols.includes(protocol))
          assert.equal(await ask(context, "asks", "hostname", url), "answers");
        else await untilSilent(context, "asks", url);
      }
    };
    const change = (...protocols: readonly string[]) =>
      services(context).update("both", (service) => {
        service.spec!.ports = protocols.map((protocol) => ports[protocol]!);
      });
    await serves(["http", "udp"]);
    await change("http");
    await serves(["http"]);
    await change("udp");
    await serves(["udp"]);
    await change("http", "udp");
    await serves(["http", "udp"]);
  },
);
