import assert from "node:assert/strict";
import { test } from "node:test";
import { compileNamedRule, compileRule, type Subject } from "./rules.ts";

const pods: Subject = {
  operation: "CREATE",
  group: "",
  version: "v1",
  plural: "pods",
  subresource: "",
  name: "web",
  inNamespace: true,
};
const all = {
  operations: ["*"],
  apiGroups: ["*"],
  apiVersions: ["*"],
  resources: ["*"],
  scope: "*",
} as const;

const table: readonly (readonly [Partial<typeof all> | object, Partial<Subject>, boolean])[] = [
  [{}, {}, true],
  [{ operations: ["UPDATE", "CREATE"] }, {}, true],
  [{ operations: ["UPDATE"] }, {}, false],
  [{ operations: ["CONNECT"] }, { operation: "CONNECT" }, true],
  [{ apiGroups: [""] }, {}, true],
  [{ apiGroups: ["apps"] }, {}, false],
  [{ apiGroups: ["apps"] }, { group: "apps" }, true],
  [{ apiVersions: ["v1beta1", "v1"] }, {}, true],
  [{ apiVersions: ["v2"] }, {}, false],
  [{ resources: ["pods"] }, {}, true],
  [{ resources: ["services", "pods"] }, {}, true],
  [{ resources: ["services"] }, {}, false],
  [{ resources: ["pods"] }, { subresource: "status" }, false],
  [{ resources: ["*"] }, { subresource: "status" }, false],
  [{ resources: ["pods/status"] }, { subresource: "status" }, true],
  [{ resources: ["pods/status"] }, {}, false],
  [{ resources: ["pods/*"] }, { subresource: "exec" }, true],
  [{ resources: ["pods/*"] }, {}, true],
  [{ resources: ["*/status"] }, { subresource: "status" }, true],
  [{ resources: ["*/status"] }, { subresource: "exec" }, false],
  [{ resources: ["*/*"] }, { subresource: "exec" }, true],
  [{ resources: ["*/*"] }, {}, true],
  [{ resources: [] }, {}, false],
  [{ scope: "Namespaced" }, {}, true],
  [{ scope: "Namespaced" }, { inNamespace: false }, false],
  [{ scope: "Cluster" }, {}, false],
  [{ scope: "Cluster" }, { inNamespace: false }, true],
];

test("rules match as they are written", () => {
  for (const [rule, subject, expected] of table) {
    const matches = compileRule({ ...all, ...rule });
    assert.equal(matches({ ...pods, ...subject }), expected, JSON.stringify([rule, subject]));
  }
});

test("a rule may be about single objects", () => {
  const matches = compileNamedRule({ ...all, resourceNames: ["web"] });
  assert.equal(matches(pods), true);
  assert.equal(matches({ ...pods, name: "db" }), false);
  assert.equal(compileNamedRule(all)({ ...pods, name: "db" }), true);
});
