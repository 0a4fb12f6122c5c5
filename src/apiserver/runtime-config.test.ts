import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resources } from "#api/registry";
import { servedResources, UnknownVersion } from "./runtime-config.ts";

const served = (config: Record<string, boolean>) =>
  new Set(servedResources(resources, config).map(({ apiVersion, plural }) => `${apiVersion}/${plural}`));

describe("versions that are served", () => {
  const rows: [string, Record<string, boolean>, string[], string[]][] = [
    ["by default", {}, ["v1/pods", "apps/v1/deployments"], ["resource.k8s.io/v1beta1/resourceclaims"]],
    [
      "a version beside them",
      { "resource.k8s.io/v1beta1": true },
      ["resource.k8s.io/v1beta1/resourceclaims"],
      [],
    ],
    ["without a version", { "batch/v1": false }, ["v1/pods"], ["batch/v1/jobs"]],
    ["one resource of a version", { "batch/v1/cronjobs": false }, ["batch/v1/jobs"], ["batch/v1/cronjobs"]],
    [
      "the more exact name decides",
      { "api/beta": true, "resource.k8s.io/v1beta1": false },
      ["resource.k8s.io/v1beta2/resourceclaims"],
      ["resource.k8s.io/v1beta1/resourceclaims", "resource.k8s.io/v1alpha3/devicetaintrules"],
    ],
    ["all but the core group", { "api/all": false, v1: true }, ["v1/pods"], ["apps/v1/deployments"]],
  ];
  for (const [name, config, here, gone] of rows) {
    it(name, () => {
      const found = served(config);
      for (const one of here) assert.ok(found.has(one), one);
      for (const one of gone) assert.ok(!found.has(one), one);
    });
  }

  it("are known by name", () => {
    assert.throws(() => served({ "apps/v9": true }), UnknownVersion);
  });
});
