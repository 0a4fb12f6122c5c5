/** What a pod may know of itself, in files. */
import assert from "node:assert/strict";
import type { V1Container, V1DownwardAPIVolumeFile, V1ObjectMeta, V1Volume } from "@kubernetes/client-node";
import { outputOf } from "../finished-pod.ts";
import { nodes, pods } from "../kinds.ts";
import { isReady } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

type Source = Omit<V1Volume, "name">;

const ways: readonly (readonly [
  string,
  (items: V1DownwardAPIVolumeFile[], defaultMode?: number) => Source,
])[] = [
  ["Downward API volume", (items, defaultMode) => ({ downwardAPI: { items, defaultMode } })],
  [
    "Projected downwardAPI",
    (items, defaultMode) => ({ projected: { defaultMode, sources: [{ downwardAPI: { items } }] } }),
  ],
];

const PODNAME: V1DownwardAPIVolumeFile = { path: "podname", fieldRef: { fieldPath: "metadata.name" } };
const MEBI = 1024 * 1024;

const ofContainer = (resource: string, divisor?: string): V1DownwardAPIVolumeFile => ({
  path: "value",
  resourceFieldRef: { containerName: "main", resource, ...(divisor && { divisor }) },
});

function read(
  context: ConformanceContext,
  script: string,
  source: Source,
  container: Partial<V1Container> = {},
  metadata: V1ObjectMeta = {},
): Promise<string> {
  const volumeMounts = [{ name: "about", mountPath: "/about" }];
  return outputOf(
    context,
    script,
    { volumeMounts, ...container },
    { volumes: [{ name: "about", ...source }] },
    metadata,
  );
}

const RESOURCES = { requests: { cpu: "250m", memory: "32Mi" }, limits: { cpu: "1250m", memory: "64Mi" } };

for (const [suite, source] of ways) {
  const name = (behaviour: string) => `[sig-storage] ${suite} ${behaviour} [NodeConformance] [Conformance]`;

  for (const [what, resource, divisor, expected] of [
    // Rounded up to whole ones, where nothing smaller is asked for.
    ["cpu limit", "limits.cpu", undefined, "2"],
    ["cpu request", "requests.cpu", "1m", "250"],
    ["memory limit", "limits.memory", undefined, String(64 * MEBI)],
    ["memory request", "requests.memory", "1Mi", "32"],
  ] as const) {
    conformance(name(`should provide container's ${what}`), async (context) => {
      assert.equal(
        await read(context, "cat /about/value", source([ofContainer(resource, divisor)]), {
          resources: RESOURCES,
        }),
        expected,
      );
    });
  }

  for (const resource of ["cpu", "memory"] as const) {
    conformance(
      name(
        `should provide node allocatable (${resource}) as default ${resource} limit if the limit is not set`,
      ),
      async (context) => {
        const pod = { name: "asks" };
        const said = await read(
          context,
          "cat /about/value",
          source([ofContainer(`limits.${resource}`, resource === "cpu" ? "1m" : "1Ki")]),
          {},
          pod,
        );
        const { spec } = await pods(context).read("asks");
        const allocatable = (await nodes(context).read(spec!.nodeName!)).status!.allocatable![resource]!;
        const inUnits =
          resource === "memory"
            ? allocatable.replace(/Ki$/, "")
            : String(
                allocatable.endsWith("m") ? Number(allocatable.slice(0, -1)) : Number(allocatable) * 1000,
              );
        assert.equal(said, inUnits);
      },
    );
  }

  conformance(name("should provide podname only"), async (context) => {
    assert.equal(
      await read(context, "cat /about/podname; ls /about | wc -l", source([PODNAME]), {}, { name: "only" }),
      "only1\n",
    );
  });

  conformance(name("should set DefaultMode on files [LinuxOnly]"), async (context) => {
    assert.equal(
      await read(context, "stat -Lc %a /about/podname", source([PODNAME], 0o400), {
        securityContext: { runAsUser: 0 },
      }),
      "400\n",
    );
  });

  conformance(name("should set mode on item file [LinuxOnly]"), async (context) => {
    assert.equal(
      await read(context, "stat -Lc %a /about/podname", source([{ ...PODNAME, mode: 0o400 }]), {
        securityContext: { runAsUser: 0 },
      }),
      "400\n",
    );
  });

  for (const [what, before, after] of [
    ["labels", 'key1="value1"\nkey2="value2"', { key3: "value3" }],
    ["annotations", 'builder="bar"', { builder: "foo" }],
  ] as const) {
    conformance(name(`should update ${what} on modification`), async (context) => {
      const file = { path: "about", fieldRef: { fieldPath: `metadata.${what}` } };
      const [value] = Object.values(after);
      const script = `cat /about/about; echo; touch /tmp/began; until grep -q ${value} /about/about; do sleep 0.1; done; cat /about/about`;
      const probe = { readinessProbe: { exec: { command: ["test", "-e", "/tmp/began"] }, periodSeconds: 1 } };
      const container = { ...probe, volumeMounts: [{ name: "about", mountPath: "/about" }] };
      const metadata = {
        name: "reads",
        labels: { key1: "value1", key2: "value2" },
        annotations: { builder: "bar" },
      };
      const said = outputOf(
        context,
        script,
        container,
        { volumes: [{ name: "about", ...source([file]) }] },
        metadata,
      );
      await pods(context).untilAll({}, (all) => all.length === 1 && all.every(isReady), "the pod reads");
      await pods(context).patch("reads", { metadata: { [what]: after } });
      const now = what === "labels" ? `${before}\nkey3="value3"` : 'builder="foo"';
      assert.equal(await said, `${before}\n${now}`);
    });
  }
}
