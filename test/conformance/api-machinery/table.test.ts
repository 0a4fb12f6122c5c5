import assert from "node:assert/strict";
import type { V1Status } from "@kubernetes/client-node";
import { conformance } from "../suite.ts";

const TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1";

conformance(
  "[sig-api-machinery] Servers with support for Table transformation should return a 406 for a backend which does not implement metadata [Conformance]",
  async ({ raw, namespace }) => {
    const body = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { verb: "get", resource: "pods", namespace } },
    };
    const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    const refused = await raw("POST", path, { headers: { accept: TABLE }, body });
    assert.equal(refused.code, 406, refused.body);
    const { kind, status, code, reason } = refused.json<V1Status>();
    assert.deepEqual([kind, status, code, reason], ["Status", "Failure", 406, "NotAcceptable"]);

    // With another form to fall back on, that one is given.
    const plain = await raw("POST", path, { headers: { accept: `${TABLE},application/json` }, body });
    assert.equal(plain.code, 201, plain.body);
    assert.equal(plain.json<{ kind: string }>().kind, "SelfSubjectAccessReview");

    // What has metadata can be a table.
    const table = await raw("GET", `/api/v1/namespaces/${namespace}/configmaps`, {
      headers: { accept: TABLE },
    });
    const { kind: form, rows } = table.json<{ kind: string; rows: { cells: unknown[] }[] }>();
    assert.equal(form, "Table");
    for (const { cells } of rows) assert.equal(typeof cells[0], "string");
  },
);
