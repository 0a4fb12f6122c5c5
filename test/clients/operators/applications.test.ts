/** Applications that many hands write: each owns what it said, and hears of it when others disagree. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { applications } from "./applications.ts";
import { type Json, OperatorServer, yamlOf } from "./operator-server.ts";

const application = (spec: object, name = "shop"): string =>
  yamlOf({
    apiVersion: "gitops.example.com/v1alpha1",
    kind: "Application",
    metadata: { name },
    spec,
  });
const base = {
  destination: { server: "https://here", namespace: "shop" },
  sources: [{ name: "main", repoURL: "https://git.example.com/shop", path: "deploy" }],
};

describe("a GitOps tool's definition", () => {
  let server: OperatorServer;
  before(async () => {
    server = await OperatorServer.start();
    await server.install(applications);
    await apply("user", {
      ...base,
      syncOptions: ["Prune=true"],
      info: { a: "1" },
      atomicInfo: { a: "1" },
      syncWindows: [{ from: "8", to: "9" }],
      ignoreDifferences: [{ kind: "Secret", jsonPointers: ["/data"] }],
    });
  });
  after(() => server.close());
  const apply = (manager: string, spec: object, ...flags: string[]) =>
    server.kubectl(
      ["apply", "--server-side", `--field-manager=${manager}`, ...flags, "-f", "-"],
      application(spec),
    );
  const contested = (manager: string, spec: object) =>
    server.refused(["apply", "--server-side", `--field-manager=${manager}`, "-f", "-"], application(spec));
  const spec = async () => (await server.read("get app shop")).spec as Json;
  const owned = async (manager: string) => {
    const { metadata } = await server.read("get app shop --show-managed-fields");
    return metadata.managedFields.find((one: Json) => one.manager === manager)?.fieldsV1["f:spec"];
  };

  it("sets, maps and keyed lists are shared item by item", async () => {
    await apply("bot", {
      destination: base.destination,
      sources: [
        {
          name: "main",
          repoURL: base.sources[0]!.repoURL,
          helm: { parameters: [{ name: "image", value: "1" }] },
        },
        { name: "extra", repoURL: "https://git.example.com/extra" },
      ],
      syncOptions: ["Validate=false", "Prune=true"],
      info: { b: "2" },
      ignoreDifferences: [
        { kind: "Secret", jsonPointers: ["/metadata"] },
        { kind: "Secret", name: "one" },
      ],
    });
    const now = await spec();
    assert.deepEqual(now.syncOptions, ["Validate=false", "Prune=true"]);
    assert.deepEqual(now.info, { a: "1", b: "2" });
    assert.deepEqual(
      now.sources.map(({ name, path, targetRevision }: Json) => [name, path, targetRevision]),
      [
        ["main", "deploy", "HEAD"],
        ["extra", undefined, "HEAD"],
      ],
    );
    assert.deepEqual(now.ignoreDifferences, [
      { jsonPointers: ["/data", "/metadata"], kind: "Secret", name: "*" },
      { kind: "Secret", name: "one" },
    ]);
    assert.deepEqual(Object.keys((await owned("bot"))["f:ignoreDifferences"]).sort(), [
      'k:{"kind":"Secret","name":"*"}',
      'k:{"kind":"Secret","name":"one"}',
    ]);
  });

  it("conflicts name who owns what, until they are forced", async () => {
    const other = {
      ...base,
      project: "other",
      sources: [{ ...base.sources[0], path: "other", targetRevision: "v1" }],
    };
    const conflict = await contested("rival", { ...other, destination: { server: "https://there" } });
    assert.match(conflict, /Apply failed with 3 conflicts|Apply failed with 2 conflicts/);
    assert.match(conflict, /conflicts? with "user"/);
    assert.match(conflict, /\.spec\.sources\[name="main"\]\.path/);
    assert.match(conflict, /\.spec\.destination$/m);
    assert.doesNotMatch(conflict, /targetRevision/);
    await apply("rival", other, "--force-conflicts");
    assert.equal((await spec()).sources[0].path, "other");
    assert.equal((await owned("user"))["f:sources"]['k:{"name":"main"}']["f:path"], undefined);
    // Who lost it may say the same as the new owner, and own it, too.
    await apply("user", { ...base, sources: [{ ...base.sources[0], path: "other" }] });
    assert.deepEqual((await owned("user"))["f:sources"]['k:{"name":"main"}']["f:path"], {});
  });

  it("atomic parts belong to one hand, as a whole", async () => {
    await apply("windows", { destination: base.destination, syncWindows: [{ from: "1" }], plainList: ["a"] });
    const conflict = await contested("others", {
      destination: base.destination,
      syncWindows: [{ from: "1" }, { from: "2" }],
      plainList: ["a", "b"],
    });
    assert.match(conflict, /\.spec\.syncWindows$/m);
    assert.match(conflict, /\.spec\.plainList$/m);
    const map = await contested("others", { destination: { ...base.destination, namespace: "other" } });
    assert.match(map, /\.spec\.destination$/m);
    assert.deepEqual((await owned("windows"))["f:syncWindows"], {});
  });

  it("what nobody says any more is gone, and what others say stays", async () => {
    await apply("bot", { destination: base.destination, syncOptions: ["Prune=true"] });
    const now = await spec();
    assert.deepEqual(
      now.sources.map(({ name }: Json) => name),
      ["main"],
    );
    // A struct goes with the last field that anybody says.
    assert.equal(now.sources[0].helm, undefined);
    assert.deepEqual(now.syncOptions, ["Prune=true"]);
    assert.equal(now.info, undefined);
  });

  it("status has its owners, who own nothing else", async () => {
    const status = yamlOf({
      apiVersion: "gitops.example.com/v1alpha1",
      kind: "Application",
      metadata: { name: "shop" },
      status: {
        sync: { status: "Synced" },
        history: [{ id: 7, revision: "abc" }],
        conditions: [{ type: "Healthy", status: "True" }],
      },
    });
    await server.kubectl(
      ["apply", "--server-side", "--subresource=status", "--field-manager=controller", "-f", "-"],
      status,
    );
    const { metadata, status: now } = await server.read("get app shop --show-managed-fields");
    assert.equal(now.sync.status, "Synced");
    const entry = metadata.managedFields.find(({ manager }: Json) => manager === "controller");
    assert.equal(entry.subresource, "status");
    assert.deepEqual(Object.keys(entry.fieldsV1), ["f:status"]);
    assert.match(await server.kubectl("get app"), /^NAME +SYNC STATUS\nshop +Synced$/m);
    assert.match(await server.kubectl("get apps -o wide"), /PROJECT/);
  });

  it("applying what was read, or the same twice, changes nothing", async () => {
    const before = await server.read("get app shop");
    await apply("windows", { destination: base.destination, syncWindows: [{ from: "1" }], plainList: ["a"] });
    const { managedFields: _managed, ...rest } = (await server.read("get app shop")).metadata;
    assert.equal(rest.resourceVersion, before.metadata.resourceVersion);
  });

  it("an apply by the client becomes one by the server", async () => {
    const first = application({ ...base, info: { a: "1", b: "2" } }, "moved");
    await server.kubectl("apply -f -", first);
    await server.kubectl("apply --server-side -f -", application({ ...base, info: { a: "1" } }, "moved"));
    const { spec: now } = await server.read("get app moved");
    assert.deepEqual(now.info, { a: "1" });
    assert.match(
      await server.kubectl("diff --server-side -f -", application({ ...base, info: { a: "1" } }, "moved")),
      /^$/,
    );
  });
});
