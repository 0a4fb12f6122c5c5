import assert from "node:assert/strict";
import type { V1CustomResourceConversion } from "@kubernetes/client-node";
import { type Custom, type CustomKind, type CustomVersion, makeCustomKind } from "../custom-kind.ts";
import { conformance, type ConformanceContext } from "../suite.ts";
import { type Json, WebhookServer } from "../webhook-server.ts";

const text = { type: "string" };
/** v1 has `hostPort`, v2 has `host` and `port`. */
const versions: readonly CustomVersion[] = [
  { name: "v1", schema: { openAPIV3Schema: { type: "object", properties: { hostPort: text } } } },
  {
    name: "v2",
    schema: { openAPIV3Schema: { type: "object", properties: { host: text, port: text } } },
  },
];

function converted({ hostPort, host, port, ...object }: Json, desired: string): Json {
  const version = desired.split("/")[1];
  const [ownHost, ownPort] = hostPort === undefined ? [host, port] : hostPort.split(":");
  return {
    ...object,
    apiVersion: desired,
    ...(version === "v1" ? { hostPort: `${ownHost}:${ownPort}` } : { host: ownHost, port: ownPort }),
  };
}

/** A kind of two versions, which a webhook behind a Service converts. */
async function makeConverted(
  context: ConformanceContext,
): Promise<{ kind: CustomKind; webhook: WebhookServer }> {
  const webhook = await WebhookServer.start(context);
  webhook.answer("/convert", ({ objects, desiredAPIVersion }) => ({
    convertedObjects: objects.map((object: Json) => converted(object, desiredAPIVersion)),
    result: { status: "Success" },
  }));
  const conversion: V1CustomResourceConversion = {
    strategy: "Webhook",
    webhook: { clientConfig: webhook.byService("/convert"), conversionReviewVersions: ["v1", "v1beta1"] },
  };
  return { kind: await makeCustomKind(context, { versions, conversion }), webhook };
}

const seen = ({ apiVersion, metadata, hostPort, host, port }: Custom) => ({
  version: apiVersion?.split("/")[1],
  name: metadata?.name,
  ...(hostPort === undefined ? { host, port } : { hostPort }),
});

conformance(
  "[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert from CR v1 to CR v2 [Conformance]",
  async (context) => {
    const { kind, webhook } = await makeConverted(context);
    const created = await kind.create("one", { hostPort: "localhost:7070" });
    assert.equal(webhook.asked.length, 0, "what is stored as it came is not converted");
    const read = await kind.read("one", "v2");
    assert.deepEqual(seen(read), { version: "v2", name: "one", host: "localhost", port: "7070" });
    assert.equal(read.metadata?.uid, created.metadata?.uid);
    const [asked] = webhook.asked;
    assert.equal(asked?.request.desiredAPIVersion, `${kind.group}/v2`);
    assert.equal(asked?.request.objects.length, 1);

    // And back: written as v2, stored as v1.
    await kind.replace({ ...read, port: "8080" }, "v2");
    assert.equal((await kind.read("one", "v1")).hostPort, "localhost:8080");
    await kind.create("two", { host: "example.com", port: "1" }, "v2");
    assert.equal((await kind.read("two")).hostPort, "example.com:1");
    const patched = await kind.patch("two", { port: "2" }, undefined, "v2");
    assert.deepEqual([patched.host, patched.port], ["example.com", "2"]);
    // A watcher sees the version that it asked for.
    const watch = await kind.watch({}, "v2");
    const { object } = await watch.until((event) => event.object.metadata?.name === "two", "it is seen");
    assert.deepEqual(seen(object), { version: "v2", name: "two", host: "example.com", port: "2" });

    // What cannot be converted is not answered as something else.
    webhook.answer("/convert", () => ({ result: { status: "Failure", message: "not today" } }));
    watch.close();
    await kind.create("three", { hostPort: "c:3" });
    const failed = await context.raw("GET", `${kind.path("v2")}/three`);
    assert.equal(failed.code, 500);
    assert.match(failed.body, /not today/);
    assert.equal((await kind.read("three", "v1")).hostPort, "c:3");
  },
);

conformance(
  "[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert a non homogeneous list of CRs [Conformance]",
  async (context) => {
    const { kind } = await makeConverted(context);
    await kind.create("old", { hostPort: "a:1" });
    // From now on objects are stored as v2; what is there stays as it is.
    await kind.define(({ spec }) => {
      spec.versions[0]!.storage = false;
      spec.versions[1]!.storage = true;
    });
    await kind.create("new", { host: "b", port: "2" }, "v2");
    const { status } = await kind.define(() => undefined);
    assert.deepEqual(status?.storedVersions, ["v1", "v2"]);

    const listed = async (version: string) =>
      (await kind.list({}, version)).map(seen).toSorted((one, other) => (one.name! < other.name! ? -1 : 1));
    assert.deepEqual(await listed("v1"), [
      { version: "v1", name: "new", hostPort: "b:2" },
      { version: "v1", name: "old", hostPort: "a:1" },
    ]);
    assert.deepEqual(await listed("v2"), [
      { version: "v2", name: "new", host: "b", port: "2" },
      { version: "v2", name: "old", host: "a", port: "1" },
    ]);
  },
);
