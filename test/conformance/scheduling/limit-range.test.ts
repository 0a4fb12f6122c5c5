import assert from "node:assert/strict";
import type { V1LimitRange, V1ResourceRequirements } from "@kubernetes/client-node";
import { refused } from "../kind-client.ts";
import { limitRanges, pods } from "../kinds.ts";
import { plain } from "../plain.ts";
import { podOf, waiting } from "../pods.ts";
import { conformance } from "../suite.ts";

const rangeOf = (name: string, labels: Record<string, string> = {}): V1LimitRange => ({
  metadata: { name, labels },
  spec: {
    limits: [
      {
        type: "Container",
        min: { cpu: "50m", memory: "10Mi" },
        max: { cpu: "500m", memory: "500Mi" },
        _default: { cpu: "300m", memory: "300Mi" },
        defaultRequest: { cpu: "100m", memory: "100Mi" },
      },
    ],
  },
});

conformance(
  "[sig-scheduling] LimitRange should create a LimitRange with defaults and ensure pod has those defaults applied. [Conformance]",
  async (context) => {
    const ranges = limitRanges(context);
    const recording = await ranges.record();
    const created = await ranges.create(rangeOf("limits"));
    assert.deepEqual(created.spec?.limits[0]?._default, { cpu: "300m", memory: "300Mi" });
    await recording.until(({ type }) => type === "ADDED", "it is added");

    const made = async (name: string, resources?: V1ResourceRequirements) =>
      plain((await pods(context).create(podOf(name, waiting({ resources })))).spec!.containers[0]!.resources);
    assert.deepEqual(await made("none"), {
      limits: { cpu: "300m", memory: "300Mi" },
      requests: { cpu: "100m", memory: "100Mi" },
    });
    // What is said stays; the rest is filled in.
    assert.deepEqual(await made("some", { requests: { memory: "150Mi" }, limits: { cpu: "200m" } }), {
      limits: { cpu: "200m", memory: "300Mi" },
      requests: { cpu: "200m", memory: "150Mi" },
    });
    const low = await refused(made("low", { requests: { cpu: "10m", memory: "20Mi" } }), 403, "Forbidden");
    assert.match(low.message!, /minimum cpu usage per Container is 50m, but request is 10m/);
    const high = await refused(made("high", { limits: { cpu: "600m", memory: "50Mi" } }), 403, "Forbidden");
    assert.match(high.message!, /maximum cpu usage per Container is 500m, but limit is 600m/);

    await ranges.update("limits", (range) => {
      range.spec!.limits[0]!.min = { cpu: "9m", memory: "10Mi" };
    });
    assert.deepEqual(await made("low", { requests: { cpu: "10m", memory: "20Mi" } }), {
      limits: { cpu: "300m", memory: "300Mi" },
      requests: { cpu: "10m", memory: "20Mi" },
    });
    await ranges.delete("limits");
    await recording.until(({ type }) => type === "DELETED", "it is deleted");
    assert.deepEqual(await made("free"), {});
  },
);

conformance(
  "[sig-scheduling] LimitRange should list, patch and delete a LimitRange by collection [Conformance]",
  async (context) => {
    const labels = { collection: context.unique("limits") };
    const labelSelector = `collection=${labels.collection}`;
    const [here, there] = [limitRanges(context), limitRanges(context, await context.makeNamespace())];
    await here.create(rangeOf("one", labels));
    await there.create(rangeOf("two", labels));
    assert.equal((await here.list({ labelSelector })).length, 1);
    assert.equal((await here.listEverywhere({ labelSelector })).length, 2);
    const patched = await here.patch("one", {
      metadata: { labels: { patched: "yes" } },
      spec: { limits: [{ type: "Container", max: { cpu: "1" } }] },
    });
    assert.deepEqual(
      [patched.metadata?.labels?.patched, patched.spec?.limits.map(({ max }) => max)],
      ["yes", [{ cpu: "1" }]],
    );
    assert.equal((await here.list({ labelSelector: "patched=yes" })).length, 1);
    await here.deleteCollection({ labelSelector: `${labelSelector},patched=yes` });
    assert.deepEqual(await here.list({ labelSelector }), []);
    assert.deepEqual(
      (await here.listEverywhere({ labelSelector })).map(({ metadata }) => metadata?.name),
      ["two"],
    );
  },
);
