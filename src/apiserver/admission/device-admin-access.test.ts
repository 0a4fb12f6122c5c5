import assert from "node:assert/strict";
import { test } from "node:test";
import { Namespace } from "#api/core-v1/namespace";
import { ResourceClaim } from "#api/resource-v1/resourceclaim";
import { ResourceClaimTemplate } from "#api/resource-v1/resourceclaimtemplate";
import { created } from "#api/test-kit";
import type { AnyObject, Resource } from "#machinery/schema";
import type { Admission, ReadCache } from "../contracts.ts";
import { deviceAdminAccess } from "./device-admin-access.ts";

const claim = (adminAccess: boolean) => ({
  devices: { requests: [{ name: "all", exactly: { deviceClassName: "gpu", adminAccess } }] },
});

/** Tries to create the object in a namespace with these labels. */
function create<T extends AnyObject>(of: Resource<T>, spec: object, labels: Record<string, string>): void {
  const namespace = created(Namespace, { metadata: { name: "default", labels } });
  const plugin = deviceAdminAccess({ get: () => namespace } as unknown as ReadCache);
  const admission = {
    operation: "CREATE",
    resource: of,
    subresource: "",
    object: created(of, { spec }),
  } as unknown as Admission;
  assert.ok(plugin.handles(admission));
  void plugin.validate!(admission);
}

const labelled = { "resource.kubernetes.io/admin-access": "true" };

test("devices of others are for namespaces that are labelled for it", () => {
  create(ResourceClaim, claim(false), {});
  create(ResourceClaim, claim(true), labelled);
  create(ResourceClaimTemplate, { spec: claim(true) }, labelled);
  assert.throws(
    () => create(ResourceClaim, claim(true), {}),
    /spec\.devices\.requests\[0\]\.exactly\.adminAccess: Forbidden: admin access to devices requires the/,
  );
  assert.throws(
    () => create(ResourceClaimTemplate, { spec: claim(true) }, { other: "true" }),
    /spec\.spec\.devices\.requests\[0\]\.exactly\.adminAccess: Forbidden/,
  );
});
