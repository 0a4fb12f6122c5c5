/** What is asked of every kind that keeps pods: its status, its scale, its collection, and pods that answer. */
import assert from "node:assert/strict";
import {
  PatchStrategy,
  type KubernetesObject,
  type V1ObjectMeta,
  type V1Pod,
  type V1Scale,
} from "@kubernetes/client-node";
import { type KindClient, refused } from "./kind-client.ts";
import { endpointSlices, pods } from "./kinds.ts";
import { isReady } from "./pods.ts";
import type { ConformanceContext } from "./suite.ts";

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface Workload extends KubernetesObject {
  metadata?: V1ObjectMeta;
  spec?: { replicas?: number } & object;
  // Not all of them have a number of replicas.
  status?: { conditions?: readonly Condition[] } & object;
}

/** Reads, replaces and patches a status by its sub-resource, with a watch that sees it, while the rest stays as it is. */
export async function walkStatus<T extends Workload>(client: KindClient<T>, name: string): Promise<void> {
  const before = await client.readStatus(name);
  assert.equal(before.metadata?.name, name);
  const recording = await client.record({ fieldSelector: `metadata.name=${name}` });
  const condition = (type: string): Condition => ({
    type,
    status: "True",
    reason: "ByTest",
    message: "written by a test",
  });
  const isSeen = async (type: string) => {
    const { object } = await recording.until(
      (event) =>
        event.type === "MODIFIED" &&
        event.object.status?.conditions?.some((each) => each.type === type) === true,
      `${name} is seen with condition ${type}`,
    );
    const found = object.status!.conditions!.find((each) => each.type === type)!;
    const { status, reason, message } = found;
    assert.deepEqual({ type, status, reason, message }, condition(type));
    assert.deepEqual(object.metadata?.generation, before.metadata?.generation);
  };

  await client.updateStatus(name, (object) => {
    const { conditions = [] } = object.status ?? {};
    object.status = { ...object.status, conditions: [...conditions, condition("StatusReplaced")] };
    // Not the business of this sub-resource.
    if (object.spec?.replicas !== undefined) object.spec.replicas += 5;
  });
  await isSeen("StatusReplaced");
  await client.patchStatus(name, { status: { conditions: [condition("StatusPatched")] } });
  await isSeen("StatusPatched");
  assert.deepEqual((await client.read(name)).spec?.replicas, before.spec?.replicas);
  recording.close();
}

/** Reads, replaces and patches the scale. */
export async function walkScale<T extends Workload>(
  client: KindClient<T>,
  name: string,
  selector: string,
): Promise<void> {
  const scales = client.subresource<V1Scale>("Scale");
  const scale = await scales.read(name);
  const { kind, apiVersion, metadata, spec, status } = scale;
  assert.deepEqual([kind, apiVersion, metadata?.name], ["Scale", "autoscaling/v1", name]);
  assert.deepEqual([spec?.replicas, status?.selector], [1, selector]);
  assert.equal(metadata?.uid, (await client.read(name)).metadata?.uid);

  const named = { name, namespace: metadata!.namespace };
  const replaced = await scales.replace({ ...scale, metadata: named, spec: { replicas: 2 } });
  assert.equal(replaced.spec?.replicas, 2);
  assert.equal((await client.read(name)).spec?.replicas, 2);
  await refused(scales.replace({ ...scale, spec: { replicas: 5 } }), 409, "Conflict");

  const patched = await scales.patch(name, { spec: { replicas: 3 } }, PatchStrategy.StrategicMergePatch);
  assert.equal(patched.spec?.replicas, 3);
  assert.equal((await client.read(name)).spec?.replicas, 3);
  await client.until(
    name,
    ({ status: now }) => (now as { replicas?: number } | undefined)?.replicas === 3,
    "has 3 pods",
  );
  assert.equal((await scales.read(name)).status?.replicas, 3);
}

/** Finds objects of several namespaces by label, and deletes a collection of one. */
export async function walkCollection<T extends Workload>(
  client: KindClient<T>,
  labels: Record<string, string>,
  count: number,
): Promise<void> {
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  assert.equal((await client.list({ labelSelector })).length, count);
  assert.equal((await client.listEverywhere({ labelSelector })).length, count);
  await client.deleteCollection({ labelSelector });
  await client.untilAll({ labelSelector }, (left) => left.length === 0, "the collection is deleted");
}

/** The pods of a selector as soon as there are that many, and all are ready. */
export const readyPods = (
  context: ConformanceContext,
  labelSelector: string,
  count: number,
): Promise<readonly V1Pod[]> =>
  pods(context).untilAll(
    { labelSelector },
    (all) => all.filter(isReady).length === count && all.length === count,
    `${count} pods with ${labelSelector} are ready`,
  );

/** Waits until a Service leads to that many ready pods. Those who send packets there may hear of it a moment later. */
export async function leadsTo(context: ConformanceContext, service: string, count: number): Promise<void> {
  await endpointSlices(context).untilAll(
    { labelSelector: `kubernetes.io/service-name=${service}` },
    (slices) =>
      slices.flatMap(({ endpoints = [] }) => endpoints.filter(({ conditions }) => conditions?.ready))
        .length === count,
    `${service} leads to ${count} pods`,
  );
}

/** Asks each pod, through the API server, who it is. */
export async function answerWithTheirNames(
  { raw, namespace }: ConformanceContext,
  all: readonly V1Pod[],
): Promise<void> {
  for (const { metadata } of all) {
    const path = `/api/v1/namespaces/${namespace}/pods/${metadata!.name}:8080/proxy/cgi-bin/hostname`;
    const { code, body } = await raw("GET", path);
    assert.deepEqual([code, body], [200, `${metadata!.name}\n`]);
  }
}

export const ownerOf = ({ metadata }: KubernetesObject): string | undefined => {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller);
  return owner && `${owner.kind}/${owner.name}`;
};
