import assert from "node:assert/strict";
import { test } from "node:test";
import { Namespace } from "#api/core-v1/namespace";
import { Pod } from "#api/core-v1/pod";
import { created } from "#api/test-kit";
import type { Admission, ReadCache } from "../contracts.ts";
import { podSecurity } from "./pod-security.ts";

const pod = (name: string, securityContext = {}) =>
  created(Pod, { metadata: { name }, spec: { containers: [{ name: "c", image: "i", securityContext }] } });
const namespace = (labels: Record<string, string>) =>
  created(Namespace, { metadata: { name: "shop", labels } });
const ENFORCE = "pod-security.kubernetes.io/enforce";

/** What is said when the labels of a namespace with these pods change. */
function warningsOf(
  pods: readonly Pod[],
  before: Record<string, string>,
  after: Record<string, string>,
): string[] {
  const said: string[] = [];
  const plugin = podSecurity({ list: () => pods } as unknown as ReadCache);
  void plugin.validate!({
    operation: "UPDATE",
    resource: Namespace,
    subresource: "",
    object: namespace(after),
    old: namespace(before),
    warn: (text: string) => void said.push(text),
  } as unknown as Admission);
  return said;
}

test("who raises the level of a namespace learns which of its pods would not be let in any more", () => {
  const pods = [pod("a", { privileged: true }), pod("b", { privileged: true }), pod("good")];
  assert.deepEqual(warningsOf(pods, {}, { [ENFORCE]: "baseline" }), [
    'existing pods in namespace "shop" violate the new PodSecurity enforce level "baseline:latest"',
    "a (and 1 other pod): privileged",
  ]);
  assert.deepEqual(warningsOf(pods, { [ENFORCE]: "baseline" }, { [ENFORCE]: "baseline" }), []);
  assert.deepEqual(warningsOf(pods, { [ENFORCE]: "restricted" }, { [ENFORCE]: "baseline" }), []);
  assert.deepEqual(warningsOf([pod("good")], {}, { [ENFORCE]: "baseline" }), []);
});

test("another version of the same level counts as well", () => {
  const versioned = { [ENFORCE]: "baseline", [`${ENFORCE}-version`]: "v1.20" };
  assert.equal(
    warningsOf([pod("a", { privileged: true })], { [ENFORCE]: "baseline" }, versioned)[0],
    'existing pods in namespace "shop" violate the new PodSecurity enforce level "baseline:v1.20"',
  );
});

test("defaults count where a namespace says nothing, and nobody looks at what is exempt; a level that nobody knows is the strictest", () => {
  const settings = {
    defaults: { enforce: "baseline" },
    exemptions: { usernames: ["root"], namespaces: ["machines"], runtimeClasses: ["vm"] },
  };
  const notes: string[] = [];
  const create = (
    labels: Record<string, string>,
    { user = "me", space = "shop", runtimeClassName = "" } = {},
  ) => {
    const plugin = podSecurity({ get: () => namespace(labels) } as unknown as ReadCache, settings);
    const object = pod("a", { privileged: true });
    void plugin.validate!({
      operation: "CREATE",
      resource: Pod,
      subresource: "",
      namespace: space,
      name: "a",
      user: { name: user, groups: [] },
      object: { ...object, spec: { ...object.spec, ...(runtimeClassName ? { runtimeClassName } : {}) } },
      annotate: (key: string, value: string) => void notes.push(`${key}=${value}`),
      warn: () => undefined,
    } as unknown as Admission);
  };
  assert.throws(() => create({}), /violates PodSecurity "baseline:latest": privileged/);
  create({ [ENFORCE]: "privileged" });
  assert.throws(
    () => create({ [ENFORCE]: "basline" }),
    /violates PodSecurity "restricted:latest": privileged/,
  );
  create({ [ENFORCE]: "privileged", "pod-security.kubernetes.io/warn": "basline" });
  create({}, { user: "root" });
  create({}, { space: "machines" });
  create({}, { runtimeClassName: "vm" });
  const exempt = "pod-security.kubernetes.io/exempt";
  assert.deepEqual(notes, [`${exempt}=user`, `${exempt}=namespace`, `${exempt}=runtimeClass`]);
});
