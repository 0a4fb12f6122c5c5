import assert from "node:assert/strict";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";
import { Service } from "#api/core-v1/service";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { made } from "#api/test-kit";
import { systemClock } from "#base/clock";
import { seededRandom } from "#base/random";
import { MapReadCache } from "../map-read-cache.ts";
import { WebhookClient } from "./client.ts";
import { targetOf } from "./target.ts";
import { allowing, startWebhook } from "../admission/webhooks/test-kit.ts";

const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: { uid: "1" } };
const random = seededRandom(1);

const slice = (name: string, port: number, address: string, ready: boolean, of = "hook") =>
  made(EndpointSlice, {
    metadata: { name, labels: { "kubernetes.io/service-name": of } },
    addressType: "IPv4",
    ports: [{ name: "webhook", port }],
    endpoints: [{ addresses: [address], conditions: { ready } }],
  });

test("a service is asked at a ready endpoint, and its certificate is the service's", async (t) => {
  const hook = await startWebhook(t);
  hook.answers.set("/check", () => allowing);
  const cache = new MapReadCache();
  const client = new WebhookClient({ cache, clock: systemClock, random });
  t.after(() => client.close());
  for (const name of ["hook", "other"]) {
    const ports = [{ name: "webhook", port: 443, targetPort: 8443 }];
    cache.put(made(Service, { metadata: { name }, spec: { ports } }));
  }
  cache.put(
    slice("a", hook.port, "127.0.0.9", false),
    slice("b", hook.port, "127.0.0.1", true),
    slice("c", hook.port, "127.0.0.1", true, "other"),
  );
  const target = (name: string) =>
    targetOf({ service: { namespace: "default", name, path: "/check", port: 443 }, caBundle: hook.caBundle });
  const answer = JSON.parse(Buffer.from(await client.post(target("hook"), review, 5)).toString("utf8"));
  assert.deepEqual(answer.response, { uid: "1", allowed: true });
  await assert.rejects(client.post(target("other"), review, 5), {
    name: "UnreachableWebhook",
    message:
      /^Post "https:\/\/other\.default\.svc:443\/check\?timeout=5s": tls: failed to verify certificate/,
  });
});

test("answers have an end, and connections are kept", async (t) => {
  const hook = await startWebhook(t);
  const client = new WebhookClient({ cache: new MapReadCache(), clock: systemClock, random });
  t.after(() => client.close());
  const ports = new Set<number | undefined>();
  const target = targetOf({ url: `https://127.0.0.1:${hook.port}/check`, caBundle: hook.caBundle });
  hook.answers.set("/check", (_, response) => {
    ports.add(response.req.socket.remotePort);
    return allowing;
  });
  await client.post(target, review, 5);
  await client.post(target, review, 5);
  assert.equal(ports.size, 1);
  hook.answers.set("/check", (_, response) => void response.end(Buffer.alloc(9 * 1024 * 1024, 0x20)));
  await assert.rejects(client.post(target, review, 5), /the answer is larger than 8388608 bytes/);
});

test("webhooks that want to know who asks are told, and no others", async (t) => {
  const hook = await startWebhook(t);
  const certificate = { certificate: hook.pair.cert, key: hook.pair.key };
  const client = new WebhookClient({
    cache: new MapReadCache(),
    clock: systemClock,
    random,
    certificateFor: (host) => (host === `127.0.0.1:${hook.port}` ? certificate : undefined),
  });
  t.after(() => client.close());
  const names: unknown[] = [];
  hook.answers.set("/check", (_, response) => {
    names.push((response.req.socket as TLSSocket).getPeerCertificate().subject?.CN);
    return allowing;
  });
  const { caBundle, port } = hook;
  await client.post(targetOf({ url: `https://127.0.0.1:${port}/check`, caBundle }), review, 5);
  const cache = new MapReadCache();
  cache.put(made(Service, { metadata: { name: "hook" }, spec: { ports: [{ name: "webhook", port: 443 }] } }));
  cache.put(slice("a", port, "127.0.0.1", true));
  const anonymous = new WebhookClient({ cache, clock: systemClock, random });
  t.after(() => anonymous.close());
  const service = { namespace: "default", name: "hook", path: "/check", port: 443 };
  await anonymous.post(targetOf({ service, caBundle }), review, 5);
  assert.deepEqual(names, ["localhost", undefined]);
});
