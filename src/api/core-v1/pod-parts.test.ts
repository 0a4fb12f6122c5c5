/** Rules of pods that bind several of its parts: volumes of every kind, Windows, and the pod's resources as a whole. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { created, problemsOf, statusProblems } from "#api/test-kit";
import { PersistentVolume } from "./persistentvolume.ts";
import { PersistentVolumeClaim } from "./persistentvolumeclaim.ts";
import { Pod } from "./pod.ts";
import { Service } from "./service.ts";

type Loose = Readonly<Record<string, unknown>>;

const main = { name: "main", image: "nginx:1.27" };
const pod = (spec: Loose, container: Loose = {}): Loose => ({
  spec: { containers: [{ ...main, ...container }], ...spec },
});
const volume = (source: Loose): Loose => pod({ volumes: [{ name: "data", ...source }] });

const wrong: readonly (readonly [name: string, object: Loose, problems: readonly string[]])[] = [
  [
    "blanks around an image",
    pod({}, { image: "nginx " }),
    ['spec.containers[0].image: Invalid value: "nginx ": must not have leading or trailing whitespace'],
  ],
  [
    "a sleep that outlasts the pod",
    pod({}, { lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
    [
      "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)",
    ],
  ],
  [
    "containers that ask for more than their pod",
    pod(
      { resources: { requests: { memory: "1Gi", cpu: "100m" }, limits: { cpu: "1" } } },
      { resources: { requests: { memory: "1536Mi" }, limits: { cpu: "2", memory: "2Gi" } } },
    ),
    [
      'spec.resources.requests[cpu]: Invalid value: "100m": must be greater than or equal to aggregate container requests of 2',
      'spec.resources.requests[memory]: Invalid value: "1Gi": must be greater than or equal to aggregate container requests of 1536Mi',
      'spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits of 1',
    ],
  ],
  [
    "a long host name, and the network of the host",
    pod({ hostnameOverride: "x".repeat(65), hostNetwork: true }),
    [
      "spec.hostnameOverride: Too long: may not be more than 64 bytes",
      "spec.hostNetwork: Forbidden: may not be true when `hostnameOverride` is set",
    ],
  ],
  [
    "a setting of the host's network",
    pod({ hostNetwork: true, securityContext: { sysctls: [{ name: "net/core/somaxconn", value: "1" }] } }),
    [
      "spec.securityContext.sysctls[0].name: Invalid value: \"net/core/somaxconn\": may not be specified when 'hostNetwork' is true",
    ],
  ],
  [
    "Linux on Windows",
    pod(
      { os: { name: "windows" }, hostPID: true, securityContext: { sysctls: [{ name: "a", value: "b" }] } },
      { securityContext: { privileged: false } },
    ),
    [
      "spec.hostPID: Forbidden: cannot be set for a windows pod",
      "spec.securityContext.sysctls: Forbidden: cannot be set for a windows pod",
      "spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod",
    ],
  ],
  [
    "Windows on Linux",
    pod({ os: { name: "linux" } }, { securityContext: { windowsOptions: { runAsUserName: "me" } } }),
    [
      "spec.containers[0].securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod",
    ],
  ],
  [
    "processes of a Windows host beside others",
    pod({
      containers: [
        { ...main, securityContext: { windowsOptions: { hostProcess: true } } },
        { ...main, name: "other" },
      ],
    }),
    [
      'spec: Invalid value: "": If pod contains any hostProcess containers then all containers must be HostProcess containers',
      "spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers",
    ],
  ],
  [
    "a Windows user of no domain",
    pod({ securityContext: { windowsOptions: { runAsUserName: "bad*domain\\me" } } }),
    [
      "spec.securityContext.windowsOptions.runAsUserName: Invalid value: \"bad*domain\\\\me\": runAsUserName's Domain doesn't match the NetBios nor the DNS format",
    ],
  ],
  [
    "iSCSI without a name",
    volume({ iscsi: { targetPortal: "10.0.0.1", iqn: "eui.1", lun: 256, chapAuthSession: true } }),
    [
      'spec.volumes[0].iscsi.iqn: Invalid value: "eui.1": must be valid format',
      "spec.volumes[0].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive",
      "spec.volumes[0].iscsi.secretRef: Required value",
    ],
  ],
  [
    "a name that is long, and wrong at its end",
    volume({
      iscsi: { targetPortal: "10.0.0.1", lun: 0, iqn: `iqn.2020-01.${"a".repeat(500)}!` },
    }),
    [`spec.volumes[0].iscsi.iqn: Invalid value: "iqn.2020-01.${"a".repeat(500)}!": must be valid format`],
  ],
  [
    "Fibre Channel twice",
    volume({ fc: { targetWWNs: ["a"], wwids: ["b"] } }),
    [
      'spec.volumes[0].fc.targetWWNs: Invalid value: ["a"]: targetWWNs and wwids can not be specified simultaneously',
      "spec.volumes[0].fc.lun: Required value: lun is required if targetWWNs is specified",
    ],
  ],
  [
    "options in the project's name",
    volume({ flexVolume: { driver: "x/y", options: { "Kubernetes.io/x": "y" } } }),
    [
      'spec.volumes[0].flexVolume.options[Kubernetes.io/x]: Invalid value: "Kubernetes.io/x": kubernetes.io and k8s.io namespaces are reserved',
    ],
  ],
  [
    "a clone beside its place",
    volume({ gitRepo: { repository: "x", directory: "../y" } }),
    ["spec.volumes[0].gitRepo.directory: Invalid value: \"../y\": must not contain '..'"],
  ],
  [
    "a managed disk elsewhere",
    volume({ azureDisk: { diskName: "a", diskURI: "b", kind: "Managed" } }),
    [
      'spec.volumes[0].azureDisk.diskURI: Unsupported value: "b": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
    ],
  ],
  [
    "a partition that no disk has",
    volume({ awsElasticBlockStore: { volumeID: "v", partition: 256 } }),
    [
      "spec.volumes[0].awsElasticBlockStore.partition: Invalid value: 256: must be between 0 and 255, inclusive",
    ],
  ],
  [
    "requirements on nodes that no label can meet",
    pod({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              {
                matchExpressions: [
                  { key: "a", operator: "In", values: ["b c"] },
                  { key: "a", operator: "Near" },
                ],
              },
            ],
          },
        },
      },
    }),
    [
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[1].operator: Invalid value: "Near": not a valid selector operator',
      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values[0]: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ],
  ],
];

for (const [name, object, problems] of wrong)
  test(`of pods, refused: ${name}`, () => assert.deepEqual(problemsOf(Pod, object), problems));

test("volumes of the cluster name secrets in full", () => {
  const spec = { accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" } };
  const csi = { driver: "example.com", volumeHandle: "v", nodeStageSecretRef: { name: "A_" } };
  const [first, second, ...more] = problemsOf(PersistentVolume, { spec: { ...spec, csi } });
  assert.deepEqual(more, []);
  assert.equal(first, "spec.csi.nodeStageSecretRef.namespace: Required value");
  assert.match(second!, /^spec\.csi\.nodeStageSecretRef\.name: Invalid value: "A_": a lowercase RFC 1123/);
  const cinder = { volumeID: "v", secretRef: { name: "a" } };
  assert.deepEqual(problemsOf(PersistentVolume, { spec: { ...spec, cinder } }), [
    "spec.cinder.secretRef.namespace: Required value",
  ]);
});

test("both ways to say what a claim starts with say the same", () => {
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  const source = { kind: "PersistentVolumeClaim", name: "other" };
  const specOf = (more: Loose) => created(PersistentVolumeClaim, { spec: { ...spec, ...more } }).spec;
  for (const said of [{ dataSource: source }, { dataSourceRef: source }]) {
    const { dataSource, dataSourceRef } = specOf(said);
    assert.deepEqual(
      [dataSource, dataSourceRef].map((one) => one && { kind: one.kind, name: one.name }),
      [source, source],
    );
  }
  assert.equal(specOf({ dataSource: { kind: "Pod", name: "x" } }).dataSource, undefined);
  assert.deepEqual(
    problemsOf(PersistentVolumeClaim, {
      spec: { ...spec, dataSource: source, dataSourceRef: { ...source, name: "third" } },
    }),
    ["spec: Invalid value: {}: must match dataSourceRef"],
  );
});

test("services have names that begin with a letter", () => {
  const [problem] = problemsOf(Service, { metadata: { name: "1a" }, spec: { ports: [{ port: 80 }] } });
  assert.match(problem!, /^metadata\.name: Invalid value: "1a": a DNS-1035 label must consist of/);
});

test("what is wrong with an inlined part is wrong with the whole", () => {
  const debug = { name: "debug", image: "busybox", ports: [{ containerPort: 80 }] };
  assert.ok(
    problemsOf(Pod, pod({ ephemeralContainers: [debug] })).includes(
      "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
    ),
  );
});

test("the status of a pod says addresses once for each family, and claims that the pod has", () => {
  const status = {
    hostIP: "10.0.0.1",
    hostIPs: [{ ip: "10.0.0.2" }],
    podIPs: [{ ip: "10.1.0.1" }, { ip: "10.1.0.2" }],
    resourceClaimStatuses: [{ name: "gpu" }],
    nominatedNodeName: "A_",
  };
  const [first, second, third, fourth, ...more] = statusProblems(Pod, pod({}), { ...pod({}), status });
  assert.deepEqual(more, []);
  assert.equal(first, 'status.hostIPs[0].ip: Invalid value: "10.0.0.2": must be equal to `hostIP`');
  assert.match(
    second!,
    /^status\.podIPs: Invalid value: .*: may specify no more than one IP for each IP family$/,
  );
  assert.match(third!, /^status\.nominatedNodeName: Invalid value: "A_"/);
  assert.match(
    fourth!,
    /^status\.resourceClaimStatuses\[0\]\.name: Invalid value: "gpu": must match the name/,
  );
});
