import assert from "node:assert/strict";
import { ApisApi, type V1APIGroup, type V1APIResourceList } from "@kubernetes/client-node";
import { conformance } from "../suite.ts";

/** Groups of v1.35 that every cluster has, with a resource of each. */
const RESOURCES: Readonly<Record<string, string>> = {
  "admissionregistration.k8s.io": "validatingwebhookconfigurations",
  "apiextensions.k8s.io": "customresourcedefinitions",
  "apiregistration.k8s.io": "apiservices",
  apps: "deployments",
  "authentication.k8s.io": "tokenreviews",
  "authorization.k8s.io": "subjectaccessreviews",
  autoscaling: "horizontalpodautoscalers",
  batch: "jobs",
  "certificates.k8s.io": "certificatesigningrequests",
  "coordination.k8s.io": "leases",
  "discovery.k8s.io": "endpointslices",
  "events.k8s.io": "events",
  "flowcontrol.apiserver.k8s.io": "flowschemas",
  "networking.k8s.io": "ingresses",
  "node.k8s.io": "runtimeclasses",
  policy: "poddisruptionbudgets",
  "rbac.authorization.k8s.io": "clusterroles",
  "resource.k8s.io": "resourceclaims",
  "scheduling.k8s.io": "priorityclasses",
  "storage.k8s.io": "storageclasses",
};

conformance(
  "[sig-api-machinery] Discovery should validate PreferredVersion for each APIGroup [Conformance]",
  async ({ api, raw }) => {
    const { groups } = await api(ApisApi).getAPIVersions();
    assert.ok(groups.length >= Object.keys(RESOURCES).length);
    for (const { name, preferredVersion, versions } of groups) {
      const answer = await raw("GET", `/apis/${name}`);
      // A group of a custom resource may be gone by now.
      if (answer.code === 404 && !(name in RESOURCES)) continue;
      assert.equal(answer.code, 200, answer.body);
      const group = answer.json<V1APIGroup>();
      assert.equal(group.kind, "APIGroup");
      assert.equal(group.name, name);
      assert.ok(preferredVersion, name);
      assert.ok(
        group.versions.some(({ groupVersion }) => groupVersion === group.preferredVersion?.groupVersion),
        `${name} prefers a version that it has`,
      );
      for (const { version, groupVersion } of [preferredVersion, ...versions])
        assert.equal(groupVersion, `${name}/${version}`);
    }
  },
);

conformance(
  "[sig-api-machinery] Discovery should locate the groupVersion and a resource within each APIGroup [Conformance]",
  async ({ api, raw }) => {
    const core = await raw("GET", "/api/v1");
    assert.ok(core.json<V1APIResourceList>().resources.some(({ name }) => name === "namespaces"));
    const { groups } = await api(ApisApi).getAPIVersions();
    for (const [name, resource] of Object.entries(RESOURCES)) {
      const group = groups.find((each) => each.name === name);
      assert.ok(group, name);
      const version = group.versions.find((each) => each.version === "v1");
      assert.equal(version?.groupVersion, `${name}/v1`);
      const answer = await raw("GET", `/apis/${name}/v1`);
      assert.equal(answer.code, 200, answer.body);
      const list = answer.json<V1APIResourceList>();
      assert.deepEqual([list.kind, list.groupVersion], ["APIResourceList", `${name}/v1`]);
      const found = list.resources.find((each) => each.name === resource);
      assert.ok(found, `${name} has ${resource}`);
      assert.ok(found.verbs.includes("create"), `${resource} can be created`);
      assert.ok(found.kind.length > 0 && found.singularName.length > 0);
      for (const { name: each, verbs } of list.resources)
        assert.ok(verbs.length > 0, `${each} of ${name} has verbs`);
    }
  },
);
