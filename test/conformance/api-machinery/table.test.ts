import assert from "node:assert/strict";
import type { V1Status } from "@kubernetes/client-node";
import { configMaps } from "../kinds.ts";
import { conformance } from "../suite.ts";

const TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1";

conformance(
  "[sig-api-machinery] Servers with support for Table transformation should return a 406 for a backend which does not implement metadata [Conformance]",
  async (context) => {
    const { raw, namespace } = context;
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
    await configMaps(context).create({ metadata: { name: "listed" }, data: { one: "1", two: "2" } });
    const table = await raw(
      "GET",
      `/api/v1/namespaces/${namespace}/configmaps?fieldSelector=metadata.name=listed`,
      {
        headers: { accept: TABLE },
      },
    );
    const {
      kind: form,
      columnDefinitions,
      rows,
    } = table.json<{
      kind: string;
      columnDefinitions: { name: string }[];
      rows: { cells: unknown[] }[];
    }>();
    assert.equal(form, "Table");
    assert.deepEqual(
      columnDefinitions.map(({ name }) => name),
      ["Name", "Data", "Age"],
    );
    assert.deepEqual(
      rows.map(({ cells }) => cells.slice(0, 2)),
      [["listed", 2]],
    );
  },
);
