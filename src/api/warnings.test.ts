/** What the server takes and yet says something about. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Deployment } from "#api/apps-v1/deployment";
import { StatefulSet } from "#api/apps-v1/statefulset";
import { CronJob } from "#api/batch-v1/cronjob";
import { PersistentVolume } from "#api/core-v1/persistentvolume";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { Service } from "#api/core-v1/service";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { Ingress } from "#api/networking-v1/ingress";
import { RuntimeClass } from "#api/node-v1/runtimeclass";
import { StorageClass } from "#api/storage-v1/storageclass";
import { created } from "#api/test-kit";
import type { AnyObject, Resource } from "#machinery/schema";

type Loose = Readonly<Record<string, unknown>>;

const warningsOf = <T extends AnyObject>(of: Resource<T>, object: Loose): string[] => [
  ...(of.rules.warnings?.(created(of, object), undefined) ?? []),
];

const main = { name: "main", image: "nginx:1.27" };
const pod = (spec: Loose = {}, container: Loose = {}, metadata: Loose = {}): Loose => ({
  metadata,
  spec: { containers: [{ ...main, ...container }], ...spec },
});
const labels = { app: "web" };
const workload = (spec: Loose, metadata: Loose = {}): Loose => ({
  spec: {
    selector: { matchLabels: labels },
    template: { metadata: { labels, ...metadata }, spec: { containers: [main], ...spec } },
  },
});

const APPARMOR = "container.apparmor.security.beta.kubernetes.io/main";
const DNS_LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

const ofPods: readonly (readonly [name: string, object: Loose, warnings: readonly string[]])[] = [
  ["nothing to say", pod(), []],
  [
    "a name that is no host name",
    pod({}, {}, { name: "a.b" }),
    [
      `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${DNS_LABEL}]`,
    ],
  ],
  [
    "a variable that hides another",
    pod({}, { env: [{ name: "A" }, { name: "A", value: "x" }] }),
    ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
  ],
  [
    "a variable that builds on another",
    pod(
      {},
      {
        env: [
          { name: "A", value: "x" },
          { name: "A", value: "$(A):y" },
        ],
      },
    ),
    [],
  ],
  [
    "ports that overlap",
    pod(
      {},
      {
        ports: [
          { containerPort: 80, name: "a" },
          { containerPort: 80, name: "b" },
          { containerPort: 80, name: "c", hostPort: 80 },
        ],
      },
    ),
    [
      "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
      "spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[0]",
      "spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[1]",
    ],
  ],
  [
    "an address of the node without its port",
    pod({}, { ports: [{ containerPort: 80, hostIP: "10.0.0.1" }] }),
    [
      "spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:TCP HostIP:10.0.0.1}",
    ],
  ],
  [
    "half a byte",
    pod({}, { resources: { requests: { memory: "1500m", cpu: "1500m" } } }),
    [
      'spec.containers[0].resources.requests[memory]: fractional byte value "1500m" is invalid, must be an integer',
    ],
  ],
  [
    "labels of nodes that have another name",
    pod({
      nodeSelector: { "beta.kubernetes.io/os": "linux" },
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 1,
              preference: { matchExpressions: [{ key: "beta.kubernetes.io/arch", operator: "Exists" }] },
            },
          ],
        },
      },
    }),
    [
      'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
      'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead',
    ],
  ],
  [
    "selectors that match nothing",
    pod({
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" }],
      affinity: {
        podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "zone" }] },
      },
    }),
    [
      "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod",
      "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod",
    ],
  ],
  [
    "secrets and hosts that are there twice",
    pod({
      imagePullSecrets: [{ name: "a" }, { name: "a" }],
      hostAliases: [{ ip: "10.0.0.1" }, { ip: "10.0.0.1" }],
    }),
    ['spec.hostAliases[1].ip: duplicate ip "10.0.0.1"', 'spec.imagePullSecrets[1].name: duplicate name "a"'],
  ],
  [
    "a file in the way of a token",
    pod({
      volumes: [
        {
          name: "all",
          projected: {
            sources: [
              { serviceAccountToken: { path: "token" } },
              { configMap: { name: "x", items: [{ key: "token", path: "token" }] } },
            ],
          },
        },
      ],
    }),
    ['spec.volumes[0].projected.sources.configMap[0]: has duplicated path with ServiceAccountToken "token"'],
  ],
  [
    "an AppArmor profile in an annotation",
    pod({}, {}, { annotations: { [APPARMOR]: "unconfined" } }),
    [`metadata.annotations[${APPARMOR}]: deprecated since v1.30; use the "appArmorProfile" field instead`],
  ],
];

for (const [name, object, warnings] of ofPods)
  test(`warnings of pods: ${name}`, () => assert.deepEqual(warningsOf(Pod, object), warnings));

test("an annotated AppArmor profile becomes the container's", () => {
  const { spec } = created(Pod, pod({}, {}, { annotations: { [APPARMOR]: "localhost/mine" } }));
  assert.deepEqual(spec.containers[0]!.securityContext?.appArmorProfile, {
    type: "Localhost",
    localhostProfile: "mine",
  });
});

const ofOthers: readonly (readonly [of: Resource<AnyObject>, object: Loose, warnings: readonly string[]])[] =
  [
    [
      Deployment as unknown as Resource<AnyObject>,
      workload(
        { volumes: [{ name: "old", gitRepo: { repository: "x" } }] },
        { annotations: { [APPARMOR]: "unconfined" } },
      ),
      [
        "spec.template.spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+",
        `spec.template.metadata.annotations[${APPARMOR}]: deprecated since v1.30; use the "appArmorProfile" field instead`,
      ],
    ],
    [
      StatefulSet as unknown as Resource<AnyObject>,
      workload({ terminationGracePeriodSeconds: -1 }),
      [
        "spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
      ],
    ],
    [
      CronJob as unknown as Resource<AnyObject>,
      {
        metadata: { name: "a.b" },
        spec: {
          schedule: "* * * * *",
          jobTemplate: {
            spec: {
              template: { spec: { restartPolicy: "Never", containers: [main], imagePullSecrets: [{}] } },
            },
          },
        },
      },
      [
        `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${DNS_LABEL}]`,
        'spec.jobTemplate.spec.template.spec.imagePullSecrets[0].name: invalid empty name ""',
      ],
    ],
    [
      PersistentVolume as unknown as Resource<AnyObject>,
      {
        spec: {
          accessModes: ["ReadWriteOnce"],
          capacity: { storage: "1Gi" },
          hostPath: { path: "/x" },
          persistentVolumeReclaimPolicy: "Recycle",
        },
      },
      [
        "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.",
      ],
    ],
    [
      PersistentVolumeClaim as unknown as Resource<AnyObject>,
      {
        metadata: { annotations: { "volume.beta.kubernetes.io/storage-class": "x" } },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1500m" } } },
      },
      [
        'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
        'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
      ],
    ],
    [
      Service as unknown as Resource<AnyObject>,
      {
        spec: {
          type: "LoadBalancer",
          ports: [{ port: 80 }],
          externalIPs: ["2001:DB8::1"],
          externalName: "x",
          loadBalancerSourceRanges: ["10.0.0.1/8", "2001:DB8::/64"],
        },
      },
      [
        'spec.externalIPs[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
        'spec.loadBalancerSourceRanges[0]: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
        'spec.loadBalancerSourceRanges[1]: IPv6 CIDR value "2001:DB8::/64" should be in RFC 5952 canonical format ("2001:db8::/64")',
        'spec.externalName is ignored when spec.type is not "ExternalName"',
      ],
    ],
    [
      ServiceAccount as unknown as Resource<AnyObject>,
      { metadata: { annotations: { "kubernetes.io/enforce-mountable-secrets": "true" } } },
      [
        "metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets",
      ],
    ],
    [
      Ingress as unknown as Resource<AnyObject>,
      {
        metadata: { annotations: { "kubernetes.io/ingress.class": "x" } },
        spec: { defaultBackend: { service: { name: "a", port: { number: 80 } } } },
      },
      [
        "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead",
      ],
    ],
    [
      RuntimeClass as unknown as Resource<AnyObject>,
      { handler: "x", scheduling: { nodeSelector: { "beta.kubernetes.io/os": "linux" } } },
      [
        'scheduling.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
      ],
    ],
    [
      EndpointSlice as unknown as Resource<AnyObject>,
      { addressType: "FQDN", endpoints: [] },
      ["addressType: FQDN endpoints are deprecated"],
    ],
    [
      StorageClass as unknown as Resource<AnyObject>,
      {
        provisioner: "example.com/x",
        allowedTopologies: [
          { matchLabelExpressions: [{ key: "failure-domain.beta.kubernetes.io/zone", values: ["a"] }] },
        ],
      },
      [
        'allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
      ],
    ],
  ];

for (const [of, object, warnings] of ofOthers)
  test(`warnings of a ${of.kind}`, () => assert.deepEqual(warningsOf(of, object), warnings));

test("a template is warned about when it is new or has changed, not at every write", () => {
  const object = created(Deployment, workload({ imagePullSecrets: [{}] }));
  const at = (generation: number) => ({ ...object, metadata: { ...object.metadata, generation } });
  assert.equal([...Deployment.rules.warnings!(at(1), at(1))].length, 0);
  assert.equal([...Deployment.rules.warnings!(at(2), at(1))].length, 1);
});
