/** Work in steps: nothing is pruned at the root, steps stand in steps, numbers keep every digit. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Json, OperatorServer, yamlOf } from "./operator-server.ts";
import { LEVELS, REASONS, workflows } from "./workflows.ts";

const workflow = (name: string, spec: object, more: object = {}): string =>
  yamlOf({
    apiVersion: "workflows.example.com/v1alpha1",
    kind: "Workflow",
    metadata: { name },
    spec,
    ...more,
  });

/** A step in a step, so many levels deep. */
const nested = (levels: number, innermost: object): object =>
  levels === 0 ? innermost : { name: `level-${levels}`, steps: [[nested(levels - 1, innermost)]] };

describe("a workflow engine's definition", () => {
  let server: OperatorServer;
  before(async () => {
    server = await OperatorServer.start();
    await server.install(workflows);
  });
  after(() => server.close());

  it("keeps what nobody has named, at the root and at the end of what is written out", async () => {
    const deep = nested(LEVELS + 1, { any: { thing: [1, 2] }, name: 5 });
    await server.kubectl(
      "apply --server-side -f -",
      workflow(
        "deep",
        { templates: [deep], hooks: { exit: true } },
        { extra: { a: 1 }, status: { phase: "New", own: 1 } },
      ),
    );
    const made = await server.read("get wf deep");
    assert.deepEqual(made.spec.templates, [deep]);
    assert.deepEqual(made.spec.hooks, { exit: true });
    assert.deepEqual(made.extra, { a: 1 });
    // No endpoint of its own: status is part of the object.
    assert.deepEqual(made.status, { own: 1, phase: "New" });
    await server.kubectl(["patch", "wf", "deep", "--type=merge", "-p", '{"status":{"phase":"Done"}}']);
    const changed = await server.read("get wf deep");
    assert.equal(changed.status.phase, "Done");
    assert.equal(changed.metadata.generation, made.metadata.generation + 1);
    assert.match(
      await server.refused(["patch", "wf", "deep", "--subresource=status", "--type=merge", "-p", "{}"]),
      /NotFound|could not find the requested resource|not found/,
    );
    assert.match(await server.kubectl("get wf"), /^NAME +STATUS +DEADLINE\ndeep +Done *$/m);
  });

  it("says at which of many levels something is wrong", async () => {
    const refused = await server.refused(
      "create -f -",
      workflow("bad", { templates: [nested(3, { retries: [] })] }),
    );
    const place = "spec.templates[0]" + ".steps[0][0]".repeat(3);
    for (const line of [
      `${place}.name: Required value`,
      `${place}.retries: Invalid value: "array": ${place}.retries in body must be of type integer,string: "array"`,
    ])
      assert.ok(refused.includes(line), `${line}\n${refused}`);
  });

  it("numbers keep their last digit, through every kind of write", async () => {
    const exact = "-9223372036854775807";
    const text = workflow("exact", { exact: 0 }).replace("exact: 0", `exact: ${exact}`);
    await server.kubectl("apply -f -", text);
    const path = "/apis/workflows.example.com/v1alpha1/namespaces/default/workflows/exact";
    const shows = async (digits: string) =>
      assert.match(await server.raw(path), new RegExp(`"exact":${digits}[,}]`));
    await shows(exact);
    await server.kubectl("label wf exact a=b");
    await shows(exact);
    await server.kubectl([
      "patch",
      "wf",
      "exact",
      "--type=json",
      "-p",
      '[{"op":"replace","path":"/spec/exact","value":9223372036854775806}]',
    ]);
    await shows("9223372036854775806");
    await server.kubectl("apply --server-side --force-conflicts -f -", text);
    await shows(exact);
    assert.match(
      await server.refused("create -f -", workflow("bad", { exact: 1e300 })),
      /spec.exact in body must be of type integer: "number"/,
    );
  });

  it("a long list of values is read, explained and told in full", async () => {
    await server.kubectl("create -f -", workflow("long", { onReason: "Reason1499" }));
    const refused = await server.refused("create -f -", workflow("bad", { onReason: "Reason1500" }));
    assert.ok(refused.includes('"Reason1498", "Reason1499"'), refused.slice(0, 300));
    const explained = await server.kubectl("explain wf.spec.onReason");
    assert.equal(explained.match(/Reason\d+/g)?.length, REASONS.length);
  });

  it("is explained as deep as it is written out", async () => {
    const path = ["wf.spec.templates", ...Array.from({ length: LEVELS }, () => "steps")].join(".");
    assert.match(await server.kubectl(`explain ${path}`), /A step; 0 more may stand in it\.|Done in order\./);
    assert.match(await server.refused(`explain ${path}.steps.name`), /field "name" does not exist/);
    const { definitions } = JSON.parse(await server.raw("/openapi/v2")) as Json;
    // The older document has no words for a root that keeps what it does not know.
    assert.equal(definitions["com.example.workflows.v1alpha1.Workflow"].properties?.extra, undefined);
  });
});
