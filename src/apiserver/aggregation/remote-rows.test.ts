import assert from "node:assert/strict";
import { test } from "node:test";
import { readRows } from "./remote-rows.ts";

test("subresources stand within their kinds, and what makes no sense is left out", () => {
  const list = {
    resources: [
      { name: "eels/scale", kind: "Scale", group: "autoscaling", version: "v1", verbs: ["get"] },
      {
        name: "eels",
        kind: "Eel",
        singularName: "eel",
        namespaced: true,
        verbs: ["list", 7],
        shortNames: "e",
      },
      { name: "carps", kind: "Carp", namespaced: false, verbs: null, categories: ["all"] },
      "nonsense",
    ],
  };
  const kind = (name: string) => ({ group: "sea", version: "v1", kind: name });
  assert.deepEqual(readRows(JSON.stringify(list), "sea", "v1"), [
    {
      resource: "carps",
      responseKind: kind("Carp"),
      scope: "Cluster",
      singularResource: "",
      verbs: [],
      categories: ["all"],
    },
    {
      resource: "eels",
      responseKind: kind("Eel"),
      scope: "Namespaced",
      singularResource: "eel",
      verbs: ["list"],
      subresources: [
        {
          subresource: "scale",
          responseKind: { group: "autoscaling", version: "v1", kind: "Scale" },
          verbs: ["get"],
        },
      ],
    },
  ]);
  for (const text of ["", "[]", '{"resources":1}', "null"])
    assert.equal(readRows(text, "sea", "v1"), undefined);
});
