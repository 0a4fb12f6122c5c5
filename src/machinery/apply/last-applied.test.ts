import assert from "node:assert/strict";
import { test } from "node:test";
import { Deployment } from "#api/apps-v1/deployment";
import { decodeJson } from "#machinery/derive/json";
import type { AnyObject, Resource } from "#machinery/schema";
import { applyServerSide } from "./apply.ts";
import { trackUpdate } from "./track-update.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const NOW = "2026-01-01T00:00:00Z";
const resource = Deployment as unknown as Resource;
const canonical = (object: unknown) => decodeJson<AnyObject>(resource.schema, object);
const TYPE = { apiVersion: "apps/v1", kind: "Deployment" };

const deployment = (spec: object, annotations?: object) => ({
  ...TYPE,
  metadata: { name: "web", ...(annotations ? { annotations } : {}) },
  spec,
});

/** As the client left it: the object, and what it applied in an annotation. */
function appliedByClient(spec: object, more: object = {}): AnyObject {
  const text = JSON.stringify(deployment(spec));
  return updated(
    canonical({ ...TYPE, metadata: {} }),
    { ...deployment({ ...spec, ...more }, { [LAST_APPLIED]: text }) },
    "kubectl-client-side-apply",
  );
}

function updated(before: AnyObject, object: object, manager: string): AnyObject {
  const after = canonical(object);
  const managedFields = trackUpdate({ resource, before, after, manager, subresource: "", now: NOW });
  return { ...after, metadata: { ...after.metadata, managedFields } };
}

const apply = (live: AnyObject, spec: object, manager = "kubectl", annotations?: object) =>
  applyServerSide({
    resource,
    live,
    empty: canonical({ apiVersion: resource.apiVersion, kind: resource.kind, metadata: {} }),
    applied: deployment(spec, annotations),
    manager,
    subresource: "",
    force: false,
    ignored: ["status"],
    now: NOW,
    canonical,
  });

const annotationsOf = ({ metadata }: AnyObject) => metadata.annotations as Record<string, string> | undefined;

test("kubectl takes over what it applied as a client, and keeps saying what it applies", () => {
  const live = appliedByClient({ replicas: 1, paused: true });
  const { object } = apply(live, { replicas: 2 }, "kubectl", { note: "n" });
  assert.equal((object as unknown as Deployment).spec.replicas, 2);
  assert.deepEqual(annotationsOf(object), {
    note: "n",
    [LAST_APPLIED]:
      '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"annotations":{"note":"n"},"name":"web"},"spec":{"replicas":2}}\n',
  });
});

test("other managers, and fields that have changed since, are in conflict as ever", () => {
  const live = appliedByClient({ replicas: 1, paused: true });
  const message =
    /^Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps\/v1: \.spec\.replicas$/;
  assert.throws(() => apply(live, { replicas: 2 }, "other"), { message });

  const { status: _, ...scaled } = live as unknown as Deployment;
  const by = updated(live, { ...scaled, spec: { ...scaled.spec, replicas: 5 } }, "scaler");
  assert.throws(() => apply(by, { replicas: 2, paused: false }), {
    message: 'Apply failed with 1 conflict: conflict with "scaler" using apps/v1: .spec.replicas',
  });
});

test("an annotation that cannot be read, or is of another version, allows nothing", () => {
  const live = appliedByClient({ replicas: 1 });
  for (const text of [
    "{",
    "[]",
    JSON.stringify({ ...deployment({ replicas: 1 }), apiVersion: "apps/v1beta1" }),
  ]) {
    const object = { ...live, metadata: { ...live.metadata, annotations: { [LAST_APPLIED]: text } } };
    assert.throws(() => apply(object, { replicas: 2 }), /Apply failed with 1 conflict/);
  }
});

test("the annotation goes where it would not fit, and comes by no apply", () => {
  const live = appliedByClient({ replicas: 1 });
  const annotations = { note: "n".repeat(140_000) };
  assert.deepEqual(Object.keys(annotationsOf(apply(live, {}, "kubectl", annotations).object)!), ["note"]);
  const { annotations: _, ...metadata } = live.metadata;
  assert.equal(annotationsOf(apply({ ...live, metadata }, { replicas: 1 }).object), undefined);
});
