/** Every replica is reached through the Service, by address and by name, from pods and nodes, also across nodes. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Service } from "#api/core-v1/service";
import type { Pod } from "#api/core-v1/pod";
import { type LocalCluster, startLocalCluster } from "../local-cluster.ts";
import { eventually } from "../tools/eventually.ts";
import { webManifest } from "./web.ts";

const box = (node: string) => `
apiVersion: v1
kind: Pod
metadata: { name: box-${node}, labels: { app: box } }
spec:
  nodeName: ${node}
  terminationGracePeriodSeconds: 0
  hostname: box-${node}
  subdomain: boxes
  containers:
    - { name: box, image: "k8ts.local/hello:1" }
`;

const HEADLESS = `
apiVersion: v1
kind: Service
metadata: { name: boxes }
spec:
  clusterIP: None
  selector: { app: box }
  ports: [{ name: http, port: 8080 }]
`;

/** Who answers there, asked with tools that are in the image and on any machine. */
const ask = (host: string, port: number): string =>
  `printf 'GET /cgi-bin/hostname HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 3 ${host} ${port} | tail -n 1`;

/** Asked so often, every one of three replicas has answered, but for a chance of one in a million. */
const OFTEN = 40;

describe("a Service of three replicas on two nodes", () => {
  const nodes = ["node-1", "node-2"];
  let cluster: LocalCluster;
  let pods: readonly Pod[];
  let service: Service;
  let names: readonly string[];
  let dns: string;
  before(async () => {
    cluster = await startLocalCluster({ nodes: 2 });
    await cluster.apply(webManifest() + nodes.map((node) => `---${box(node)}`).join("") + `---${HEADLESS}`);
    await cluster.kubectl("rollout status deployment/web --timeout=180s");
    await cluster.kubectl("wait --for=condition=Ready pod -l app=box --timeout=180s");
    pods = (await cluster.get<{ items: Pod[] }>("pods -l app=web")).items;
    names = pods.map(({ metadata }) => metadata.name).toSorted();
    service = await cluster.get<Service>("service web");
    dns = await cluster.kubectl("get service -n kube-system -o jsonpath={.items[0].spec.clusterIP}");
  });
  after(async () => assert.deepEqual(await cluster.remove(), []));

  const repeated = (command: string) => `for i in $(seq ${OFTEN}); do ${command}; done`;
  const inPod = (node: string, command: string) => cluster.kubectl(`exec box-${node} -- sh -c`, command);
  const everyone = (said: string) =>
    assert.deepEqual([...new Set(said.trim().split("\n"))].toSorted(), names);

  it("has replicas on both nodes", () => {
    assert.deepEqual(new Set(pods.map(({ spec }) => spec.nodeName)), new Set(nodes));
  });

  for (const node of nodes) {
    it(`is reached by its address from a pod on ${node}`, async () => {
      everyone(await inPod(node, repeated(ask(service.spec.clusterIP!, 80))));
    });

    it(`is reached by its name from a pod on ${node}`, async () => {
      everyone(await inPod(node, repeated(ask("web", 80))));
      everyone(await inPod(node, repeated(ask("web.default.svc.cluster.local", 80))));
    });

    it(`is reached by its address and its name from ${node} itself`, async () => {
      everyone(await cluster.onNode(node, repeated(ask(service.spec.clusterIP!, 80))));
      const answer = await cluster.onNode(node, `busybox nslookup web.default.svc.cluster.local ${dns}`);
      assert.match(answer, new RegExp(`Address.*: ${service.spec.clusterIP}\n`));
    });

    it(`is reached on the node port of ${node}, from there and from the other nodes`, async () => {
      const address = cluster.fabric.nodes.find(({ name }) => name === node)!.address;
      const port = service.spec.ports![0]!.nodePort!;
      for (const from of nodes) everyone(await cluster.onNode(from, repeated(ask(address, port))));
    });

    it(`has each of its pods reached directly from a pod on ${node} and from ${node}`, async () => {
      for (const { metadata, status } of pods) {
        assert.equal(await inPod(node, ask(status.podIP!, 8080)), `${metadata.name}\n`);
        assert.equal(await cluster.onNode(node, ask(status.podIP!, 8080)), `${metadata.name}\n`);
      }
    });
  }

  it("answers the machine itself", async () => {
    const response = await fetch(`http://${service.spec.clusterIP}/cgi-bin/hostname`);
    assert.ok(names.includes((await response.text()).trim()));
  });

  it("has names for ports, for pods of a headless Service, and for addresses", async () => {
    const headless = await cluster.kubectl("get pods -l app=box -o jsonpath={.items[*].status.podIP}");
    const answer = await inPod("node-1", "nslookup boxes.default.svc.cluster.local");
    for (const address of headless.split(" ")) assert.match(answer, new RegExp(`: ${address}\n`));
    assert.match(
      await inPod("node-1", "nslookup box-node-2.boxes.default.svc.cluster.local"),
      new RegExp(headless.split(" ")[1]!),
    );
    assert.match(
      await inPod("node-2", "nslookup -type=srv _http._tcp.web.default.svc.cluster.local"),
      /web\.default\.svc\.cluster\.local/,
    );
    assert.match(await inPod("node-2", "nslookup kubernetes.default.svc.cluster.local"), /: 10\.\d+\.0\.1\n/);
    const unknown = await inPod("node-1", "nslookup none.default.svc.cluster.local || true");
    assert.match(unknown, /NXDOMAIN|can't find/);
  });

  it("lets a pod reach the API with its own token", async () => {
    const said = await inPod(
      "node-1",
      "cat /var/run/secrets/kubernetes.io/serviceaccount/namespace; ls /var/run/secrets/kubernetes.io/serviceaccount; echo $KUBERNETES_SERVICE_HOST; nc -w 2 kubernetes 443 </dev/null && echo open",
    );
    assert.match(said, /^defaultca\.crt\nnamespace\ntoken\n10\.\d+\.0\.1\nopen\n$/);
  });

  it("follows its pods: none left, nobody answers; back again, they do", async () => {
    await cluster.kubectl("scale deployment web --replicas=0");
    await eventually(async () =>
      assert.equal(
        await cluster
          .onNode("node-2", `${ask(service.spec.clusterIP!, 80)} 2>&1 || true`)
          .then((said) => /web-/.test(said)),
        false,
      ),
    );
    await cluster.kubectl("scale deployment web --replicas=1");
    await cluster.kubectl("rollout status deployment/web --timeout=180s");
    await eventually(async () => assert.match(await inPod("node-1", ask("web", 80)), /^web-/));
  });
});
