import assert from "node:assert/strict";
import { test } from "node:test";
import { startHarness } from "../../harness.ts";

const SERVICES = "/api/v1/namespaces/default/services";
const service = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
});

test("a service gets an address, and gives it back", async (t) => {
  const { ask } = await startHarness(t);
  const made = (await ask("POST", SERVICES, service("web"))).json;
  const { clusterIP } = made.spec;
  assert.match(clusterIP, /^10\.(9[6-9]|10\d|11[01])\./);
  assert.deepEqual(made.spec.clusterIPs, [clusterIP]);
  assert.deepEqual(made.spec.ipFamilies, ["IPv4"]);
  const held = (await ask("GET", `/apis/networking.k8s.io/v1/ipaddresses/${clusterIP}`)).json;
  assert.deepEqual(held.spec.parentRef, { resource: "services", namespace: "default", name: "web" });
  const taken = await ask("POST", SERVICES, service("other", { clusterIP }));
  assert.equal(taken.status, 422);
  assert.match(taken.json.message, /provided IP is already allocated/);
  await ask("DELETE", `${SERVICES}/web`);
  assert.equal((await ask("GET", `/apis/networking.k8s.io/v1/ipaddresses/${clusterIP}`)).status, 404);
  assert.equal((await ask("POST", SERVICES, service("other", { clusterIP }))).status, 201);
});

test("addresses beyond the range, none, and names outside", async (t) => {
  const { ask } = await startHarness(t);
  const beyond = await ask("POST", SERVICES, service("far", { clusterIP: "1.2.3.4" }));
  assert.match(
    beyond.json.message,
    /failed to allocate IP 1\.2\.3\.4: the provided network does not match the current range/,
  );
  const network = await ask("POST", SERVICES, service("network", { clusterIP: "10.96.0.0" }));
  assert.match(
    network.json.message,
    /the provided IP \(10\.96\.0\.0\) is not in the valid range\. The range of valid IPs is 10\.96\.0\.0\/12/,
  );
  const headless = (await ask("POST", SERVICES, service("headless", { clusterIP: "None" }))).json;
  assert.deepEqual(headless.spec.clusterIPs, ["None"]);
  const outside = (
    await ask("POST", SERVICES, {
      metadata: { name: "out" },
      spec: { type: "ExternalName", externalName: "example.com" },
    })
  ).json;
  assert.equal(outside.spec.clusterIP, undefined);
});

test("node ports are given, kept and given back", async (t) => {
  const { ask } = await startHarness(t);
  const made = (await ask("POST", SERVICES, service("web", { type: "NodePort" }))).json;
  const { nodePort } = made.spec.ports[0];
  assert.ok(nodePort >= 30_000 && nodePort <= 32_767);
  const taken = await ask(
    "POST",
    SERVICES,
    service("other", { type: "NodePort", ports: [{ port: 80, nodePort }] }),
  );
  assert.match(
    taken.json.message,
    /spec\.ports\[0\]\.nodePort: Invalid value: \d+: provided port is already allocated/,
  );
  const low = await ask(
    "POST",
    SERVICES,
    service("low", { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] }),
  );
  assert.match(low.json.message, /The range of valid ports is 30000-32767/);
  const plain = await ask("PATCH", `${SERVICES}/web`, { spec: { type: "ClusterIP" } });
  assert.equal(plain.json.spec.ports[0].nodePort, undefined);
  assert.equal(plain.json.spec.clusterIP, made.spec.clusterIP);
  const now = await ask(
    "POST",
    SERVICES,
    service("other", { type: "NodePort", ports: [{ port: 80, nodePort }] }),
  );
  assert.equal(now.status, 201);
});

test("no two of many that come at once get the same", async (t) => {
  const { ask } = await startHarness(t);
  const made = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      ask("POST", SERVICES, service(`s${index}`, { type: "NodePort" })),
    ),
  );
  assert.equal(new Set(made.map(({ json }) => json.spec.clusterIP)).size, 40);
  assert.equal(new Set(made.map(({ json }) => json.spec.ports[0].nodePort)).size, 40);
});

test("the API server's own service", async (t) => {
  const { ask, server } = await startHarness(t);
  await server.advertise({ address: "192.0.2.7", port: 6443 });
  await server.advertise({ address: "192.0.2.8", port: 6443 });
  assert.equal((await ask("GET", `${SERVICES}/kubernetes`)).json.spec.clusterIP, "10.96.0.1");
  const slice = (await ask("GET", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"))
    .json;
  assert.deepEqual(slice.endpoints[0].addresses, ["192.0.2.8"]);
});
