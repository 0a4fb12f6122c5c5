import assert from "node:assert/strict";
import {
  AuthenticationV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  RbacAuthorizationV1Api,
} from "@kubernetes/client-node";
import { eventually } from "../../tools/eventually.ts";
import { refused } from "../kind-client.ts";
import { conformance } from "../suite.ts";

conformance(
  "[sig-auth] SubjectReview should support SubjectReview API operations [Conformance]",
  async ({ api, namespace, raw }) => {
    const name = "reviewed";
    const user = `system:serviceaccount:${namespace}:${name}`;
    await api(CoreV1Api).createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
    const resourceAttributes = { namespace, verb: "list", resource: "configmaps", version: "v1" };
    const reviews = api(AuthorizationV1Api);
    const groups = ["system:serviceaccounts", "system:authenticated"];
    const everywhere = async () =>
      (await reviews.createSubjectAccessReview({ body: { spec: { user, groups, resourceAttributes } } }))
        .status!;
    const here = async () =>
      (
        await reviews.createNamespacedLocalSubjectAccessReview({
          namespace,
          body: { metadata: { namespace }, spec: { user, groups, resourceAttributes } },
        })
      ).status!;
    /** What really happens when the account tries. */
    const tries = async () =>
      (
        await raw("GET", `/api/v1/namespaces/${namespace}/configmaps`, {
          headers: { "impersonate-user": user },
        })
      ).code;

    assert.equal((await everywhere()).allowed, false);
    assert.equal((await here()).allowed, false);
    assert.equal(await tries(), 403);

    await api(RbacAuthorizationV1Api).createNamespacedRoleBinding({
      namespace,
      body: {
        metadata: { name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
        subjects: [{ kind: "ServiceAccount", name, namespace }],
      },
    });
    await eventually(async () => assert.equal((await everywhere()).allowed, true));
    const { allowed, reason } = await here();
    assert.equal(allowed, true);
    assert.match(reason!, /RBAC: allowed by RoleBinding "reviewed/);
    assert.equal(await tries(), 200);
    // Elsewhere it may not.
    const elsewhere = { ...resourceAttributes, namespace: "default" };
    const other = await reviews.createSubjectAccessReview({
      body: { spec: { user, groups, resourceAttributes: elsewhere } },
    });
    assert.equal(other.status?.allowed, false);
    // A local review is about its namespace, and a review about somebody.
    await refused(
      reviews.createNamespacedLocalSubjectAccessReview({
        namespace,
        body: { metadata: { namespace }, spec: { user, resourceAttributes: elsewhere } },
      }),
      422,
    );
    await refused(
      reviews.createSubjectAccessReview({ body: { spec: { resourceAttributes } } }),
      422,
      "Invalid",
    );

    // About oneself.
    const self = await reviews.createSelfSubjectAccessReview({
      body: { spec: { resourceAttributes: { verb: "*", resource: "*", group: "*" } } },
    });
    assert.equal(self.status?.allowed, true);
    const rules = await raw("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {
      headers: { "impersonate-user": user },
      body: { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", spec: { namespace } },
    });
    const { status } = rules.json<{
      status: { resourceRules: { verbs: string[]; resources: string[] }[] };
    }>();
    assert.ok(
      status.resourceRules.some(
        ({ verbs, resources }) => verbs.includes("list") && resources.includes("configmaps"),
      ),
    );
    const me = await api(AuthenticationV1Api).createSelfSubjectReview({ body: {} });
    assert.ok(me.status?.userInfo?.groups?.includes("system:authenticated"));
  },
);
