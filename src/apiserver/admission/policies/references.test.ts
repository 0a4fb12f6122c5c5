import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterRole } from "#api/rbac-v1/clusterrole";
import { ClusterRoleBinding } from "#api/rbac-v1/clusterrolebinding";
import { hasReason } from "#machinery/status";
import { ValidatingAdmissionPolicy } from "#api/admissionregistration-v1/validatingadmissionpolicy";
import { ValidatingAdmissionPolicyBinding } from "#api/admissionregistration-v1/validatingadmissionpolicybinding";
import { CONFIG_MAPS, startPolicyServer } from "./test-kit.ts";

const metadata = { name: "p" };

test("who writes a policy may read what it reads", async (t) => {
  const { server } = await startPolicyServer(t);
  const admin = server.transport({ name: "admin", groups: ["system:masters"] });
  const eve = server.transport({ name: "eve", groups: ["system:authenticated"] });
  const allow = async (name: string, ...rules: readonly object[]) => {
    const role = { metadata: { name }, rules };
    await admin.call({ resource: ClusterRole, verb: "create", body: role });
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name };
    const subjects = [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "eve" }];
    await admin.call({ resource: ClusterRoleBinding, verb: "create", body: { ...role, roleRef, subjects } });
    // Answered when the cache has seen it.
    await admin.call({ resource: ClusterRoleBinding, verb: "get", name });
  };
  await allow("policies", { apiGroups: ["admissionregistration.k8s.io"], resources: ["*"], verbs: ["*"] });
  const policy = {
    metadata,
    spec: {
      paramKind: { apiVersion: "v1", kind: "Secret" },
      matchConstraints: CONFIG_MAPS,
      validations: [{ expression: "params != null" }],
    },
  };
  const binding = {
    metadata,
    spec: {
      policyName: "p",
      validationActions: ["Deny"],
      paramRef: { name: "s", namespace: "default", parameterNotFoundAction: "Deny" },
    },
  };
  const writes = [
    () => eve.call({ resource: ValidatingAdmissionPolicy, verb: "create", body: policy }),
    () => eve.call({ resource: ValidatingAdmissionPolicyBinding, verb: "create", body: binding }),
  ];
  const [refusedPolicy, refusedBinding] = await Promise.all(
    writes.map((write) =>
      write().then(
        () => assert.fail("it is written"),
        (error: unknown) => error,
      ),
    ),
  );
  assert.ok(hasReason(refusedPolicy, "Invalid"), String(refusedPolicy));
  assert.equal(
    refusedPolicy.message,
    'ValidatingAdmissionPolicy.admissionregistration.k8s.io "p" is invalid: spec.paramKind: Forbidden: user eve must have "get" permission on all objects of the referenced paramKind (kind=Secret, apiVersion=v1)',
  );
  assert.ok(hasReason(refusedBinding, "Invalid"), String(refusedBinding));
  assert.equal(
    refusedBinding.message,
    'ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io "p" is invalid: spec.paramRef: Forbidden: user eve does not have "get" permission on the object referenced by paramRef',
  );
  await allow("secrets", { apiGroups: ["*"], resources: ["*"], verbs: ["get"] });
  for (const write of writes) await write();
});
