import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_SETTINGS, podSecurityOf } from "./configuration.ts";

const file = (configuration: string, plugin = "PodSecurity"): string => `
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: ${plugin}
  configuration: ${configuration}
`;
const settings = (rest: string): string =>
  `{apiVersion: pod-security.admission.config.k8s.io/v1, kind: PodSecurityConfiguration, ${rest}}`;

test("the operator says defaults and exemptions", () => {
  const said = podSecurityOf(
    file(
      settings(
        "defaults: {enforce: baseline, enforce-version: v1.30}, exemptions: {usernames: [root], namespaces: [kube-system], runtimeClasses: [vm]}",
      ),
    ),
  );
  assert.deepEqual(said, {
    defaults: { enforce: "baseline", "enforce-version": "v1.30" },
    exemptions: { usernames: ["root"], namespaces: ["kube-system"], runtimeClasses: ["vm"] },
  });
  assert.deepEqual(
    podSecurityOf("apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins: []\n"),
    NO_SETTINGS,
  );
});

const wrong: readonly (readonly [what: string, text: string, words: RegExp])[] = [
  [
    "another kind",
    "apiVersion: v1\nkind: Pod\n",
    /no kind "AdmissionConfiguration" is registered for v1, Kind=Pod/,
  ],
  ["another plugin", file("{}", "NamespaceLifecycle"), /"NamespaceLifecycle" takes no configuration/],
  ["no kind inside", file("{}"), /PodSecurity is told by a PodSecurityConfiguration/],
  [
    "a level that is none",
    file(settings("defaults: {enforce: strict}")),
    /defaults\.enforce: must be one of/,
  ],
  [
    "a version that is none",
    file(settings("defaults: {warn-version: v2}")),
    /defaults\.warn-version: must be "latest"/,
  ],
  ["a mode that is none", file(settings("defaults: {block: baseline}")), /unknown field "defaults\.block"/],
  ["an unknown field", file(settings("exempt: {}")), /unknown field "exempt"/],
];

for (const [what, text, words] of wrong)
  test(`refused: ${what}`, () => assert.throws(() => podSecurityOf(text), words));
