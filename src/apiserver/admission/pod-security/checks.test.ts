import assert from "node:assert/strict";
import { test } from "node:test";
import { Pod } from "#api/core-v1/pod";
import { created } from "#api/test-kit";
import { type Level, violations } from "./checks.ts";

type Loose = Readonly<Record<string, unknown>>;

const NEWEST = Number.POSITIVE_INFINITY;

/** The reasons for which a version of the rules refuses the pod. */
function reasonsOf(
  level: Level,
  minor: number,
  spec: Loose,
  container: Loose = {},
  annotations = {},
): string[] {
  const main = { name: "main", image: "nginx", ...container };
  const pod = created(Pod, { spec: { containers: [main], ...spec } });
  return violations({ level, minor }, pod.spec, annotations).map(({ reason }) => reason);
}

const sysctl = (name: string): Loose => ({ securityContext: { sysctls: [{ name, value: "1" }] } });
const probe = { livenessProbe: { httpGet: { host: "10.0.0.1", port: 80 } } };
const PLAIN = [
  "allowPrivilegeEscalation != false",
  "unrestricted capabilities",
  "runAsNonRoot != true",
  "seccompProfile",
];

test("the newest rules, in the order in which they are told", () => {
  assert.deepEqual(reasonsOf("restricted", NEWEST, {}), PLAIN);
  assert.deepEqual(
    reasonsOf(
      "baseline",
      NEWEST,
      { hostNetwork: true, volumes: [{ name: "x", hostPath: { path: "/" } }] },
      { securityContext: { privileged: true, capabilities: { add: ["NET_ADMIN"] } } },
    ),
    ["non-default capabilities", "host namespaces", "hostPath volumes", "privileged"],
  );
});

const rows: readonly (readonly [
  what: string,
  level: Level,
  since: number,
  spec: Loose,
  container: Loose,
  refused: "before" | "after",
  reason: string,
])[] = [
  [
    "local ports",
    "baseline",
    27,
    sysctl("net.ipv4.ip_local_reserved_ports"),
    {},
    "before",
    "forbidden sysctl",
  ],
  ["keepalive", "baseline", 29, sysctl("net.ipv4.tcp_keepalive_time"), {}, "before", "forbidden sysctl"],
  ["buffers", "baseline", 32, sysctl("net.ipv4.tcp_rmem"), {}, "before", "forbidden sysctl"],
  [
    "types of container engines",
    "baseline",
    31,
    { securityContext: { seLinuxOptions: { type: "container_engine_t" } } },
    {},
    "before",
    "seLinuxOptions",
  ],
  ["hosts of probes", "baseline", 34, {}, probe, "after", "probe or lifecycle host"],
  [
    "/proc of pods with users of their own",
    "baseline",
    35,
    { hostUsers: false },
    { securityContext: { procMount: "Unmasked" } },
    "before",
    "procMount",
  ],
  ["escalation", "restricted", 8, {}, {}, "after", "allowPrivilegeEscalation != false"],
  ["capabilities", "restricted", 22, {}, {}, "after", "unrestricted capabilities"],
  ["root by number", "restricted", 23, { securityContext: { runAsUser: 0 } }, {}, "after", "runAsUser=0"],
  ["seccomp", "restricted", 19, {}, {}, "after", "seccompProfile"],
  [
    "escalation on Windows",
    "restricted",
    25,
    { os: { name: "windows" } },
    {},
    "before",
    "allowPrivilegeEscalation != false",
  ],
];

for (const [what, level, since, spec, container, refused, reason] of rows)
  test(`${what}: the rules change with version 1.${since}`, () => {
    const isRefused = (minor: number) => reasonsOf(level, minor, spec, container).includes(reason);
    assert.equal(isRefused(since - 1), refused === "before");
    assert.equal(isRefused(since), refused === "after");
    assert.equal(isRefused(NEWEST), refused === "after");
  });

test("seccomp was an annotation once", () => {
  const annotations = { "seccomp.security.alpha.kubernetes.io/pod": "unconfined" };
  assert.deepEqual(reasonsOf("baseline", 18, {}, {}, annotations), ["seccompProfile"]);
  assert.deepEqual(reasonsOf("baseline", 19, {}, {}, annotations), []);
});

test("what has no stricter form yet is held to the looser one", () => {
  const adding = { securityContext: { capabilities: { add: ["NET_ADMIN"] } } };
  assert.ok(reasonsOf("restricted", 21, {}, adding).includes("non-default capabilities"));
  assert.ok(!reasonsOf("restricted", 22, {}, adding).includes("non-default capabilities"));
});
