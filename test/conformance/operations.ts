/** What every kind can do: one walk through all verbs, with what a client may rely on after each. */
import assert from "node:assert/strict";
import {
  ApisApi,
  type KubernetesObject,
  PatchStrategy,
  type V1APIResourceList,
  type V1ObjectMeta,
} from "@kubernetes/client-node";
import { type Kind, type KindClient, refused } from "./kind-client.ts";
import type { ConformanceContext } from "./suite.ts";
import type { WatchEvent } from "./recording.ts";

export interface Walk<T> {
  /** An object that the server takes. */
  readonly sample: (metadata: V1ObjectMeta) => T;
  /** A change that the kind allows, and how it is seen. */
  readonly change?: { readonly make: (object: T) => void; readonly see: (object: T) => void };
  /** What else the kind can do, tried on one object while it is watched. */
  readonly meanwhile?: (name: string) => Promise<void>;
}

interface HasMetadata extends KubernetesObject {
  metadata?: V1ObjectMeta;
}

/** Creates, reads, lists, watches, patches, replaces and deletes three objects, one by itself and two together. */
export async function walkOperations<T extends HasMetadata>(
  client: KindClient<T>,
  prefix: string,
  { sample, change, meanwhile }: Walk<T>,
): Promise<void> {
  const labels = { walk: prefix };
  const mine = { labelSelector: `walk=${prefix}` };
  const names = ["a", "b", "c"].map((letter) => `${prefix}-${letter}`);
  const [first, ...others] = names as [string, string, string];
  const listed = async () => (await client.list(mine)).map(({ metadata }) => metadata!.name).toSorted();

  const recording = await client.record(mine);
  for (const name of names) {
    const created = await client.create(sample({ name, labels }));
    assert.equal(created.metadata?.name, name);
    assert.ok(created.metadata.uid);
    assert.ok(created.metadata.creationTimestamp);
  }
  assert.equal((await refused(client.create(sample({ name: first, labels })), 409)).reason, "AlreadyExists");

  assert.deepEqual(await listed(), names);
  const read = await client.read(first);
  assert.equal(read.metadata?.labels?.walk, prefix);
  const page = await client.listPage({ ...mine, limit: 2 });
  assert.equal(page.items.length, 2);
  const rest = await client.listPage({ ...mine, limit: 2, _continue: page.metadata!._continue! });
  assert.equal(rest.items.length, 1);
  assert.equal((await client.list({ fieldSelector: `metadata.name=${first}` })).length, 1);

  const merged = await client.patch(first, { metadata: { annotations: { merged: "yes" } } });
  assert.equal(merged.metadata?.annotations?.merged, "yes");
  assert.notEqual(merged.metadata.resourceVersion, read.metadata.resourceVersion);
  const patched = await client.patch(
    first,
    [{ op: "replace", path: "/metadata/annotations/merged", value: "twice" }],
    PatchStrategy.JsonPatch,
  );
  assert.equal(patched.metadata?.annotations?.merged, "twice");
  await refused(client.replace(read), 409, "Conflict");

  const replaced = await client.update(first, (object) => {
    object.metadata!.annotations = { ...object.metadata!.annotations, replaced: "yes" };
    change?.make(object);
  });
  assert.equal(replaced.metadata?.annotations?.replaced, "yes");
  assert.equal(replaced.metadata.uid, read.metadata.uid);
  change?.see(replaced);
  const again = await client.read(first);
  assert.equal(again.metadata?.annotations?.merged, "twice");
  change?.see(again);
  await recording.until(
    ({ type, object }) => type === "MODIFIED" && object.metadata?.annotations?.replaced === "yes",
    "the watch shows the replacement",
  );
  await meanwhile?.(first);

  await client.delete(first);
  await recording.until(
    ({ type, object }) => type === "DELETED" && object.metadata?.name === first,
    "the watch shows the deletion",
  );
  await refused(client.read(first), 404, "NotFound");
  await refused(client.delete(first), 404, "NotFound");
  assert.deepEqual(await listed(), others);

  await client.deleteCollection(mine);
  for (const name of others)
    await recording.until(
      ({ type, object }) => type === "DELETED" && object.metadata?.name === name,
      `${name} is deleted with its collection`,
    );
  assert.deepEqual(await listed(), []);
  for (const name of names) assertOrdered(recording.events, name);
}

/** Added, then changed, then deleted; each at a later revision. */
function assertOrdered<T extends HasMetadata>(events: readonly WatchEvent<T>[], name: string): void {
  const own = events.filter(({ object }) => object.metadata?.name === name);
  const types = own.map(({ type }) => type);
  assert.deepEqual([types.at(0), types.at(-1)], ["ADDED", "DELETED"]);
  assert.ok(types.slice(1, -1).every((type) => type === "MODIFIED"));
  const revisions = own.map(({ object }) => BigInt(object.metadata!.resourceVersion!));
  assert.ok(revisions.every((revision, at) => at === 0 || revision > revisions[at - 1]!));
}

/** Asserts that discovery offers the kind: its group, its version, and the resource with these verbs. */
export async function assertDiscovered(
  { api: apiOf }: ConformanceContext,
  { api, kind, root, plural }: Kind,
  subresources: readonly string[] = [],
): Promise<void> {
  const [, , group, version] = root.split("/");
  const { groups } = await apiOf(ApisApi).getAPIVersions();
  const served = groups.find(({ name }) => name === group);
  assert.ok(served?.versions.some((each) => each.groupVersion === `${group}/${version}`));
  // Each of the client's APIs has this call.
  const client = apiOf(api) as unknown as { getAPIResources(): Promise<V1APIResourceList> };
  const { groupVersion, resources } = await client.getAPIResources();
  assert.equal(groupVersion, `${group}/${version}`);
  const resource = resources.find(({ name }) => name === plural);
  assert.equal(resource?.kind, kind);
  for (const verb of ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"])
    assert.ok(resource.verbs.includes(verb), `${plural} can ${verb}`);
  for (const name of subresources)
    assert.ok(
      resources.some((each) => each.name === `${plural}/${name}`),
      `${plural}/${name} is served`,
    );
}
