import assert from "node:assert/strict";
import { test } from "node:test";
import { type Harness, type Json, startHarness } from "../../harness.ts";

const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
const APPLY = { "content-type": "application/apply-patch+yaml" };

const deployment = (replicas?: number) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    ...(replicas === undefined ? {} : { replicas }),
    selector: { matchLabels: { a: "b" } },
    template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } },
  },
});
const scale = (replicas: number, metadata: object = {}) => ({
  apiVersion: "autoscaling/v1",
  kind: "Scale",
  metadata: { name: "web", namespace: "default", ...metadata },
  spec: { replicas },
});

const applyTo = ({ ask }: Harness, part: string, manager: string, body: object, more = "") =>
  ask("PATCH", `${DEPLOYMENTS}/web${part}?fieldManager=${manager}${more}`, body, APPLY);

/** Who owns the number of replicas, and how. */
async function ownersOf({ ask }: Harness): Promise<string[]> {
  const { json } = await ask("GET", `${DEPLOYMENTS}/web`);
  return json.metadata.managedFields
    .filter(({ fieldsV1 }: Json) => fieldsV1["f:spec"]?.["f:replicas"])
    .map(({ manager, operation, apiVersion, subresource = "" }: Json) =>
      [manager, operation, apiVersion, subresource].filter((part) => part !== "").join(" "),
    );
}

test("a scale is applied: what others own is a conflict, and force takes it", async (t) => {
  const harness = await startHarness(t);
  await applyTo(harness, "", "human", deployment(3));
  const conflict = await applyTo(harness, "/scale", "robot", scale(5));
  assert.equal(conflict.status, 409);
  assert.deepEqual(conflict.json.details.causes, [
    { reason: "FieldManagerConflict", message: 'conflict with "human"', field: ".spec.replicas" },
  ]);
  const forced = await applyTo(harness, "/scale", "robot", scale(5), "&force=true");
  assert.equal(forced.status, 200);
  assert.deepEqual([forced.json.kind, forced.json.spec], ["Scale", { replicas: 5 }]);
  assert.deepEqual(await ownersOf(harness), ["robot Apply apps/v1 scale"]);
  // Who was pushed aside is told when it wants its number back.
  const again = await applyTo(harness, "", "human", deployment(3));
  assert.equal(again.status, 409);
  assert.match(again.json.message, /conflict with "robot" with subresource "scale"/);
  // What is left out is nobody's concern.
  assert.equal((await applyTo(harness, "", "human", deployment())).status, 200);
  const { json } = await harness.ask("GET", `${DEPLOYMENTS}/web`);
  assert.equal(json.spec.replicas, 5);
  // Nothing changes when it is said again.
  const same = await applyTo(harness, "/scale", "robot", scale(5));
  assert.equal(same.json.metadata.resourceVersion, json.metadata.resourceVersion);
});

test("the same number is owned together", async (t) => {
  const harness = await startHarness(t);
  await applyTo(harness, "", "human", deployment(3));
  assert.equal((await applyTo(harness, "/scale", "robot", scale(3))).status, 200);
  assert.deepEqual((await ownersOf(harness)).toSorted(), [
    "human Apply apps/v1",
    "robot Apply apps/v1 scale",
  ]);
  const put = await harness.ask("PUT", `${DEPLOYMENTS}/web/scale?fieldManager=put`, scale(4));
  assert.equal(put.status, 200);
  assert.deepEqual(await ownersOf(harness), ["put Update apps/v1 scale"]);
});

test("an applied scale that makes no sense is refused", async (t) => {
  const harness = await startHarness(t);
  await applyTo(harness, "", "human", deployment(3));
  const status = async (body: object, more = "") =>
    (await applyTo(harness, "/scale", "robot", body, `&force=true${more}`)).status;
  assert.equal(await status(scale(-1)), 422);
  assert.equal(await status(scale(4, { name: "other" })), 400);
  assert.equal(await status({ ...scale(4), kind: "Deployment" }), 400);
  assert.equal(await status(scale(4, { resourceVersion: "1" })), 409);
  assert.equal(await status(scale(4), "&dryRun=All"), 200);
  const { json } = await harness.ask("GET", `${DEPLOYMENTS}/web/scale`);
  assert.equal(json.spec.replicas, 3);
  const nameless = await harness.ask("PATCH", `${DEPLOYMENTS}/web/scale`, scale(4), APPLY);
  assert.equal(nameless.status, 422);
  const nobody = await harness.ask(
    "PATCH",
    `${DEPLOYMENTS}/none/scale?fieldManager=x`,
    scale(4, { name: "none" }),
    APPLY,
  );
  assert.equal(nobody.status, 404);
});
