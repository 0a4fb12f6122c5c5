import assert from "node:assert/strict";
import { test } from "node:test";
import {
  emptyKubeconfig,
  formatKubeconfig,
  mergeKubeconfigs,
  parseKubeconfig,
  resolveContext,
  withContext,
  withoutContext,
} from "./kubeconfig.ts";

const cluster = { server: "https://127.0.0.1:6443" };
const config = withContext(emptyKubeconfig, "home", { cluster, user: { token: "t" }, namespace: "web" });

test("what is written is read back", () => {
  assert.deepEqual(resolveContext(parseKubeconfig(formatKubeconfig(config))), {
    name: "home",
    cluster,
    user: { token: "t" },
    namespace: "web",
  });
});

test("of several files the first to name something wins", () => {
  const other = withContext(emptyKubeconfig, "home", { cluster: { server: "https://other" }, user: {} });
  const more = withContext(other, "work", { cluster, user: {} });
  const merged = mergeKubeconfigs(config, more);
  assert.equal(resolveContext(merged, "home").cluster.server, cluster.server);
  assert.equal(resolveContext(merged).name, "home");
  assert.equal(merged.contexts.length, 2);
});

test("a context can be taken out again, and what is missing is said", () => {
  const without = withoutContext(config, "home");
  assert.deepEqual(without, emptyKubeconfig);
  assert.throws(() => resolveContext(without), /no context is chosen/);
  assert.throws(() => resolveContext(config, "away"), /context "away" does not exist/);
  assert.throws(() => parseKubeconfig("- a"), /a kubeconfig is a YAML object/);
});
