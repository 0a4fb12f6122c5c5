import assert from "node:assert/strict";
import { nodes } from "../kinds.ts";
import { conformance } from "../suite.ts";

conformance(
  "[sig-architecture] Conformance Tests should have at least two untainted nodes [Conformance]",
  async (context) => {
    const all = await nodes(context).list();
    const usable = all.filter(
      ({ spec, status }) =>
        !spec?.unschedulable &&
        !spec?.taints?.some(({ effect }) => effect === "NoSchedule" || effect === "NoExecute") &&
        status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True"),
    );
    assert.ok(usable.length >= 2, `${usable.length} of ${all.length} nodes take pods`);
  },
);
