/** Files in containers that come from ConfigMaps and Secrets, as volumes of their own and projected. */
import assert from "node:assert/strict";
import type { V1KeyToPath, V1PodSpec, V1Volume } from "@kubernetes/client-node";
import { logOf, outputOf } from "../finished-pod.ts";
import { configMaps, pods, secrets } from "../kinds.ts";
import { isReady, podOf, scripted, specOf } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

interface Wanted {
  readonly items?: V1KeyToPath[];
  readonly optional?: boolean;
  readonly defaultMode?: number;
}

/** One way to bring keys and values into files. */
interface Way {
  readonly suite: string;
  readonly isSecret: boolean;
  source(name: string, wanted?: Wanted): Omit<V1Volume, "name">;
}

const ways: readonly Way[] = [
  { suite: "ConfigMap", isSecret: false, source: (name, wanted) => ({ configMap: { name, ...wanted } }) },
  {
    suite: "Secrets",
    isSecret: true,
    source: (secretName, wanted) => ({ secret: { secretName, ...wanted } }),
  },
  {
    suite: "Projected configMap",
    isSecret: false,
    source: (name, { defaultMode, ...rest } = {}) => ({
      projected: { defaultMode, sources: [{ configMap: { name, ...rest } }] },
    }),
  },
  {
    suite: "Projected secret",
    isSecret: true,
    source: (name, { defaultMode, ...rest } = {}) => ({
      projected: { defaultMode, sources: [{ secret: { name, ...rest } }] },
    }),
  },
];

const DATA = { "data-1": "value-1", "data-2": "value-2" };
const ITEMS: V1KeyToPath[] = [{ key: "data-2", path: "path/to/data-2" }];
const AS_ROOT: Partial<V1PodSpec> = { securityContext: { runAsUser: 0 } };
const AS_OTHER: Partial<V1PodSpec> = { securityContext: { runAsUser: 1001 } };

const store = async (
  context: ConformanceContext,
  { isSecret }: Way,
  name: string,
  data: Record<string, string>,
  namespace = context.namespace,
): Promise<void> => {
  if (isSecret) await secrets(context, namespace).create({ metadata: { name }, stringData: data });
  else await configMaps(context, namespace).create({ metadata: { name }, data });
};

const change = (
  context: ConformanceContext,
  { isSecret }: Way,
  name: string,
  data: Record<string, string>,
): Promise<unknown> =>
  isSecret ? secrets(context).patch(name, { stringData: data }) : configMaps(context).patch(name, { data });

const remove = (context: ConformanceContext, { isSecret }: Way, name: string): Promise<unknown> =>
  isSecret ? secrets(context).delete(name) : configMaps(context).delete(name);

const mounted = (name: string, mountPath = `/${name}`) => ({ volumeMounts: [{ name, mountPath }] });

/** What a script sees that has the data below `/files`. */
const read = (
  context: ConformanceContext,
  way: Way,
  script: string,
  wanted: Wanted = {},
  spec: Partial<V1PodSpec> = AS_ROOT,
) =>
  outputOf(context, script, mounted("files"), {
    ...spec,
    volumes: [{ name: "files", ...way.source("source", wanted) }],
  });

for (const way of ways) {
  const { suite, isSecret } = way;
  const name = (behaviour: string) => `[sig-storage] ${suite} ${behaviour} [Conformance]`;
  const IN_VOLUME = "should be consumable from pods in volume";
  const itemMode = isSecret ? "Item Mode" : "Item mode";

  conformance(name(`${IN_VOLUME} [NodeConformance]`), async (context) => {
    await store(context, way, "source", DATA);
    assert.equal(
      await read(context, way, "cd /files; cat data-1 data-2; stat -Lc ' %a' data-1"),
      "value-1value-2 644\n",
    );
  });

  conformance(name(`${IN_VOLUME} with defaultMode set [LinuxOnly] [NodeConformance]`), async (context) => {
    await store(context, way, "source", DATA);
    assert.equal(
      await read(context, way, "cd /files; cat data-1; stat -Lc ' %a' data-1 data-2", { defaultMode: 0o400 }),
      "value-1 400\n 400\n",
    );
  });

  conformance(name(`${IN_VOLUME} with mappings [NodeConformance]`), async (context) => {
    await store(context, way, "source", DATA);
    assert.equal(
      await read(context, way, "cd /files; cat path/to/data-2; ls", { items: ITEMS }),
      "value-2path\n",
    );
  });

  conformance(
    name(`${IN_VOLUME} with mappings and ${itemMode} set [LinuxOnly] [NodeConformance]`),
    async (context) => {
      await store(context, way, "source", DATA);
      const items = [{ ...ITEMS[0]!, mode: 0o400 }];
      assert.equal(
        await read(context, way, "cd /files/path/to; cat data-2; stat -Lc ' %a' data-2", { items }),
        "value-2 400\n",
      );
    },
  );

  const place = isSecret ? "a pod" : "the same pod";
  conformance(
    name(`should be consumable in multiple volumes in ${place} [NodeConformance]`),
    async (context) => {
      await store(context, way, "source", DATA);
      const volumes = ["one", "two"].map((volume) => ({ name: volume, ...way.source("source") }));
      const volumeMounts = volumes.map((volume) => ({
        name: volume.name,
        mountPath: `/${volume.name}`,
        readOnly: true,
      }));
      assert.equal(
        await outputOf(context, "cat /one/data-1 /two/data-1", { volumeMounts }, { volumes }),
        "value-1value-1",
      );
    },
  );

  conformance(name("optional updates should be reflected in volume [NodeConformance]"), async (context) => {
    await store(context, way, "goes", { "data-1": "value-1" });
    await store(context, way, "changes", { "data-1": "value-1" });
    const names = ["goes", "changes", "comes"];
    const volumes = names.map((volume) => ({ name: volume, ...way.source(volume, { optional: true }) }));
    const volumeMounts = names.map((volume) => ({ name: volume, mountPath: `/${volume}` }));
    const script =
      "until [ ! -e /goes/data-1 ] && [ -e /changes/data-3 ] && [ -e /comes/data-1 ]; do sleep 0.1; done; cat /changes/data-3 /comes/data-1";
    const said = outputOf(
      context,
      `test -e /goes/data-1 && test ! -e /comes/data-1 || exit 1; touch /tmp/began; ${script}`,
      { volumeMounts, readinessProbe: { exec: { command: ["test", "-e", "/tmp/began"] }, periodSeconds: 1 } },
      { volumes },
      { name: "reads" },
    );
    await pods(context).untilAll({}, (all) => all.length === 1 && all.every(isReady), "the pod reads");
    await remove(context, way, "goes");
    await change(context, way, "changes", { "data-3": "value-3" });
    await store(context, way, "comes", { "data-1": "value-1" });
    assert.equal(await said, "value-3value-1");
  });

  if (isSecret) {
    conformance(
      name(`${IN_VOLUME} as non-root with defaultMode and fsGroup set [LinuxOnly] [NodeConformance]`),
      async (context) => {
        await store(context, way, "source", DATA);
        const spec = { securityContext: { runAsUser: 1000, fsGroup: 1001 } };
        assert.equal(
          await read(
            context,
            way,
            "cd /files; cat data-1; stat -Lc ' %a %g' data-1",
            { defaultMode: 0o440 },
            spec,
          ),
          "value-1 440 1001\n",
        );
      },
    );
  } else {
    conformance(name(`${IN_VOLUME} as non-root [NodeConformance]`), async (context) => {
      await store(context, way, "source", DATA);
      assert.equal(await read(context, way, "id -u; cat /files/data-1", {}, AS_OTHER), "1001\nvalue-1");
    });

    conformance(name(`${IN_VOLUME} with mappings as non-root [NodeConformance]`), async (context) => {
      await store(context, way, "source", DATA);
      assert.equal(
        await read(context, way, "id -u; cat /files/path/to/data-2", { items: ITEMS }, AS_OTHER),
        "1001\nvalue-2",
      );
    });

    conformance(name("updates should be reflected in volume [NodeConformance]"), async (context) => {
      await store(context, way, "source", DATA);
      const script =
        "cat /files/data-1; touch /tmp/began; until grep -q changed /files/data-1; do sleep 0.1; done; cat /files/data-1";
      const probe = { readinessProbe: { exec: { command: ["test", "-e", "/tmp/began"] }, periodSeconds: 1 } };
      const said = outputOf(
        context,
        script,
        { ...mounted("files"), ...probe },
        { volumes: [{ name: "files", ...way.source("source") }] },
      );
      await pods(context).untilAll({}, (all) => all.length === 1 && all.every(isReady), "the pod reads");
      await change(context, way, "source", { "data-1": "changed" });
      assert.equal(await said, "value-1changed");
    });
  }
}

const [configMapWay, secretWay] = ways as [Way, Way];

conformance(
  "[sig-storage] ConfigMap binary data should be reflected in volume [NodeConformance] [Conformance]",
  async (context) => {
    const bytes = Buffer.from([0xde, 0xca, 0xfe, 0x00, 0xff]);
    await configMaps(context).create({
      metadata: { name: "source" },
      data: { "data-1": "value-1" },
      binaryData: { "dump.bin": bytes.toString("base64") },
    });
    assert.equal(
      await read(context, configMapWay, "cd /files; cat data-1; od -An -tx1 dump.bin"),
      "value-1 de ca fe 00 ff\n",
    );
  },
);

conformance(
  "[sig-storage] Secrets should be able to mount in a volume regardless of a different secret existing with same name in different namespace [NodeConformance] [Conformance]",
  async (context) => {
    await store(context, secretWay, "source", DATA);
    await store(context, secretWay, "source", { "other-data": "of-another" }, await context.makeNamespace());
    assert.equal(await read(context, secretWay, "cd /files; ls; cat data-1"), "data-1\ndata-2\nvalue-1");
  },
);

conformance(
  "[sig-storage] Projected combined should project all components that make up the projection API [Projection] [NodeConformance] [Conformance]",
  async (context) => {
    await store(context, configMapWay, "map", { "map-data": "map-value" });
    await store(context, secretWay, "secret", { "secret-data": "secret-value" });
    const sources = [
      { secret: { name: "secret", items: [{ key: "secret-data", path: "secret" }] } },
      { configMap: { name: "map", items: [{ key: "map-data", path: "map" }] } },
      { downwardAPI: { items: [{ path: "podname", fieldRef: { fieldPath: "metadata.name" } }] } },
      { serviceAccountToken: { path: "token", expirationSeconds: 3600 } },
    ];
    const script = "cd /files; cat secret map podname; test -s token && echo .";
    const said = await outputOf(
      context,
      script,
      mounted("files"),
      { volumes: [{ name: "files", projected: { sources } }] },
      { name: "all" },
    );
    assert.equal(said, "secret-valuemap-valueall.\n");
  },
);

const subpathSources: readonly (readonly [string, Omit<V1Volume, "name">])[] = [
  ["configmap pod", configMapWay.source("source")],
  ["secret pod", secretWay.source("source")],
  [
    "downward pod",
    { downwardAPI: { items: [{ path: "data-1", fieldRef: { fieldPath: "metadata.labels['of']" } }] } },
  ],
  ["projected pod", ways[2]!.source("source")],
];

for (const [of, volume] of subpathSources) {
  conformance(
    `[sig-storage] Subpath Atomic writer volumes should support subpaths with ${of} [Conformance]`,
    async (context) => {
      if (of.startsWith("secret")) await store(context, secretWay, "source", DATA);
      else await store(context, configMapWay, "source", DATA);
      const volumeMounts = [
        { name: "files", mountPath: "/only/one", subPath: "data-1" },
        { name: "files", mountPath: "/all" },
      ];
      const said = await outputOf(
        context,
        "cat /only/one; echo; cat /all/data-1; echo; ls /only",
        { volumeMounts },
        { ...AS_ROOT, volumes: [{ name: "files", ...volume }] },
        { labels: { of: "value-1" } },
      );
      assert.equal(said, "value-1\nvalue-1\none\n");
    },
  );
}

conformance(
  "[sig-storage] Subpath Atomic writer volumes should support subpaths with configmap pod with mountPath of existing file [Conformance]",
  async (context) => {
    await store(context, configMapWay, "source", DATA);
    const volumeMounts = [{ name: "files", mountPath: "/www/index.html", subPath: "data-1" }];
    const said = await outputOf(
      context,
      "cat /www/index.html; echo; ls /www",
      { volumeMounts },
      { volumes: [{ name: "files", ...configMapWay.source("source") }] },
    );
    assert.equal(said, "value-1\ncgi-bin\nindex.html\n");
  },
);

const emptyDirs = (medium: string) =>
  medium === "tmpfs" ? { emptyDir: { medium: "Memory" } } : { emptyDir: {} };

for (const medium of ["default", "tmpfs"]) {
  for (const user of ["root", "non-root"]) {
    for (const mode of ["0644", "0666", "0777"]) {
      conformance(
        `[sig-storage] EmptyDir volumes should support (${user},${mode},${medium}) [LinuxOnly] [NodeConformance] [Conformance]`,
        async (context) => {
          const script = `echo content >/dir/file; chmod ${mode} /dir/file; stat -c '%a %u' /dir/file; cat /dir/file; stat -f -c %T /dir`;
          const spec = user === "root" ? AS_ROOT : AS_OTHER;
          const [stat, content, type] = (
            await outputOf(context, script, mounted("dir"), {
              ...spec,
              volumes: [{ name: "dir", ...emptyDirs(medium) }],
            })
          ).split("\n");
          assert.deepEqual([stat, content], [`${mode.slice(1)} ${user === "root" ? 0 : 1001}`, "content"]);
          assert.equal(type === "tmpfs", medium === "tmpfs");
        },
      );
    }
  }
  const on = medium === "default" ? "default medium" : medium;
  conformance(
    `[sig-storage] EmptyDir volumes volume on ${on} should have the correct mode [LinuxOnly] [NodeConformance] [Conformance]`,
    async (context) => {
      const [mode, type] = (
        await outputOf(context, "stat -c %a /dir; stat -f -c %T /dir", mounted("dir"), {
          volumes: [{ name: "dir", ...emptyDirs(medium) }],
        })
      ).split("\n");
      assert.deepEqual([mode, type === "tmpfs"], ["777", medium === "tmpfs"]);
    },
  );
}

conformance(
  "[sig-storage] EmptyDir volumes pod should support shared volumes between containers [Conformance]",
  async (context) => {
    const volumes = [{ name: "dir", emptyDir: {} }];
    const spec = specOf(
      scripted("until [ -s /dir/file ]; do sleep 0.1; done; cat /dir/file", mounted("dir")),
      { volumes, restartPolicy: "Never" },
    );
    spec.containers.push(
      scripted("echo from the other >/dir/new; mv /dir/new /dir/file", { name: "other", ...mounted("dir") }),
    );
    await pods(context).create({ metadata: { name: "shares" }, spec });
    await pods(context).until("shares", ({ status }) => status?.phase === "Succeeded", "succeeds");
    assert.equal(await logOf(context, "shares"), "from the other\n");
  },
);

conformance("[sig-storage] EmptyDir wrapper volumes should not conflict [Conformance]", async (context) => {
  await store(context, secretWay, "source", DATA);
  await store(context, configMapWay, "source", DATA);
  const volumes = [
    { name: "secret", ...secretWay.source("source") },
    { name: "map", ...configMapWay.source("source") },
  ];
  const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
  assert.equal(
    await outputOf(context, "cat /secret/data-1 /map/data-2", { volumeMounts }, { volumes }),
    "value-1value-2",
  );
});

conformance(
  "[sig-storage] EmptyDir wrapper volumes should not cause race condition when used for configmaps [Serial] [Conformance]",
  async (context) => {
    const names = Array.from({ length: 50 }, (_each, at) => `map-${at}`);
    for (const name of names) await store(context, configMapWay, name, { data: name });
    const volumes = names.map((name) => ({ name, ...configMapWay.source(name) }));
    const volumeMounts = names.map((name) => ({ name, mountPath: `/maps/${name}` }));
    const script = "cat /maps/*/data | wc -c; trap 'exit 0' TERM; sleep 3600 & wait";
    const made = ["one", "two", "three", "four", "five"];
    for (const name of made)
      await pods(context).create(podOf(name, scripted(script, { volumeMounts }), { volumes }));
    await pods(context).untilAll(
      {},
      (all) => all.length === made.length && all.every(isReady),
      "all have all their volumes",
    );
    for (const name of made) assert.equal(await logOf(context, name), `${names.join("").length}\n`);
  },
);
