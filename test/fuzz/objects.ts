/** Objects that are fine, for mutations to start from. */
const meta = (name: string, rest: object = {}) => ({ metadata: { name, ...rest } });
const podSpec = {
  containers: [
    {
      name: "web",
      image: "registry.test/web:1",
      command: ["/web"],
      env: [
        { name: "A", value: "b" },
        { name: "C", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      ],
      ports: [{ containerPort: 80, name: "http" }],
      resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "1", memory: "1Gi" } },
      livenessProbe: { httpGet: { path: "/", port: "http" } },
      volumeMounts: [{ name: "data", mountPath: "/data", subPath: "a" }],
    },
  ],
  volumes: [{ name: "data", emptyDir: { sizeLimit: "1Gi" } }],
  tolerations: [{ key: "a", operator: "Exists" }],
  nodeSelector: { zone: "a" },
};
const labels = { app: "web" };
const template = { metadata: { labels }, spec: podSpec };
const selector = { matchLabels: labels };

interface ValidObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [field: string]: unknown;
}

/** Without a namespace. */
export const VALID: readonly ValidObject[] = [
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    ...meta("map", { labels, annotations: { a: "b" } }),
    data: { a: "b" },
    binaryData: { c: "AAEC" },
  },
  { apiVersion: "v1", kind: "Secret", ...meta("secret"), type: "Opaque", data: { a: "c2VjcmV0" } },
  { apiVersion: "v1", kind: "Pod", ...meta("pod", { labels }), spec: podSpec },
  {
    apiVersion: "v1",
    kind: "Service",
    ...meta("service"),
    spec: { selector: labels, ports: [{ name: "http", port: 80, targetPort: "http" }] },
  },
  { apiVersion: "v1", kind: "ServiceAccount", ...meta("account"), automountServiceAccountToken: true },
  {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    ...meta("claim"),
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  },
  {
    apiVersion: "v1",
    kind: "ResourceQuota",
    ...meta("quota"),
    spec: { hard: { "count/leases.coordination.k8s.io": "100000" } },
  },
  {
    apiVersion: "v1",
    kind: "LimitRange",
    ...meta("range"),
    spec: { limits: [{ type: "PersistentVolumeClaim", max: { storage: "100Gi" } }] },
  },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    ...meta("deployment"),
    spec: { replicas: 2, selector, template },
  },
  {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    ...meta("set"),
    spec: { serviceName: "service", selector, template },
  },
  { apiVersion: "apps/v1", kind: "DaemonSet", ...meta("daemons"), spec: { selector, template } },
  {
    apiVersion: "batch/v1",
    kind: "Job",
    ...meta("job"),
    spec: { template: { spec: { ...podSpec, restartPolicy: "Never" } } },
  },
  {
    apiVersion: "batch/v1",
    kind: "CronJob",
    ...meta("cron"),
    spec: {
      schedule: "*/5 * * * *",
      jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: "Never" } } } },
    },
  },
  {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    ...meta("scaler"),
    spec: {
      maxReplicas: 3,
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "deployment" },
    },
  },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    ...meta("ingress"),
    spec: { defaultBackend: { service: { name: "service", port: { number: 80 } } } },
  },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    ...meta("policy"),
    spec: { podSelector: selector, policyTypes: ["Ingress"] },
  },
  {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    ...meta("lease"),
    spec: { holderIdentity: "a", leaseDurationSeconds: 40 },
  },
  {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    ...meta("budget"),
    spec: { minAvailable: 1, selector },
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    ...meta("role"),
    rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }],
  },
  {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    ...meta("slice", { labels: { "kubernetes.io/service-name": "service" } }),
    addressType: "IPv4",
    endpoints: [{ addresses: ["192.0.2.1"] }],
    ports: [{ name: "http", port: 80 }],
  },
  { apiVersion: "v1", kind: "PodTemplate", ...meta("podtemplate"), template },
  {
    apiVersion: "v1",
    kind: "ReplicationController",
    ...meta("controller"),
    spec: { replicas: 1, selector: labels, template },
  },
  {
    apiVersion: "v1",
    kind: "Endpoints",
    ...meta("endpoints"),
    subsets: [{ addresses: [{ ip: "192.0.2.1" }], ports: [{ name: "http", port: 80 }] }],
  },
  {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    ...meta("replicas"),
    spec: { replicas: 1, selector, template },
  },
  { apiVersion: "apps/v1", kind: "ControllerRevision", ...meta("revision"), data: { a: 1 }, revision: 1 },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    ...meta("binding"),
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "role" },
    subjects: [{ kind: "ServiceAccount", name: "account", namespace: "kept" }],
  },
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "CSIStorageCapacity",
    ...meta("capacity"),
    storageClassName: "fast",
    capacity: "1Gi",
  },
  {
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceClaim",
    ...meta("devices"),
    spec: { devices: { requests: [{ name: "gpu", exactly: { deviceClassName: "gpu.example.com" } }] } },
  },
  {
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceClaimTemplate",
    ...meta("devices"),
    spec: {
      spec: { devices: { requests: [{ name: "gpu", exactly: { deviceClassName: "gpu.example.com" } }] } },
    },
  },
];

/** A rule for what nobody serves: configurations of admission are to be attacked, not to take part. */
const nowhere = {
  apiGroups: ["nowhere.example.com"],
  apiVersions: ["v1"],
  operations: ["*"],
  resources: ["nothings"],
};
const webhook = {
  name: "hook.example.com",
  clientConfig: { url: "https://127.0.0.1:9/hook" },
  rules: [nowhere],
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
};

export const VALID_CLUSTER: readonly ValidObject[] = [
  { apiVersion: "v1", kind: "Node", ...meta("kept"), spec: { podCIDR: "192.0.2.0/24" } },
  {
    apiVersion: "v1",
    kind: "PersistentVolume",
    ...meta("kept"),
    spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/tmp/kept" } },
  },
  { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", ...meta("kept"), value: 10 },
  { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", ...meta("kept"), provisioner: "example.com/none" },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    ...meta("kept"),
    rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["*"] }],
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    ...meta("kept"),
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "kept" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "somebody" }],
  },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "IngressClass",
    ...meta("kept"),
    spec: { controller: "example.com/none" },
  },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "ServiceCIDR",
    ...meta("kept"),
    spec: { cidrs: ["192.0.2.0/28"] },
  },
  { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", ...meta("kept"), handler: "runc" },
  { apiVersion: "storage.k8s.io/v1", kind: "CSIDriver", ...meta("kept"), spec: { attachRequired: false } },
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "CSINode",
    ...meta("kept"),
    spec: { drivers: [{ name: "csi.example.com", nodeID: "1", topologyKeys: ["zone"] }] },
  },
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "VolumeAttachment",
    ...meta("kept"),
    spec: { attacher: "csi.example.com", nodeName: "kept", source: { persistentVolumeName: "kept" } },
  },
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "VolumeAttributesClass",
    ...meta("kept"),
    driverName: "csi.example.com",
    parameters: { iops: "100" },
  },
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    ...meta("kept"),
    webhooks: [webhook],
  },
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    ...meta("kept"),
    webhooks: [webhook],
  },
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    ...meta("kept"),
    spec: {
      matchConstraints: { resourceRules: [nowhere] },
      variables: [{ name: "name", expression: "object.metadata.name" }],
      validations: [{ expression: "variables.name != 'bad'", message: "no" }],
    },
  },
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicyBinding",
    ...meta("kept"),
    spec: { policyName: "kept", validationActions: ["Deny"] },
  },
  {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    ...meta("keepers.example.com"),
    spec: {
      group: "example.com",
      names: { plural: "keepers", singular: "keeper", kind: "Keeper", listKind: "KeeperList" },
      scope: "Namespaced",
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: { spec: { type: "object", properties: { size: { type: "integer", default: 1 } } } },
            },
          },
        },
      ],
    },
  },
  {
    apiVersion: "flowcontrol.apiserver.k8s.io/v1",
    kind: "PriorityLevelConfiguration",
    ...meta("kept"),
    spec: { type: "Limited", limited: { nominalConcurrencyShares: 1, limitResponse: { type: "Reject" } } },
  },
  {
    apiVersion: "flowcontrol.apiserver.k8s.io/v1",
    kind: "FlowSchema",
    ...meta("kept"),
    spec: {
      priorityLevelConfiguration: { name: "kept" },
      matchingPrecedence: 9000,
      rules: [
        {
          subjects: [{ kind: "User", user: { name: "nobody-at-all" } }],
          nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/nothing"] }],
        },
      ],
    },
  },
  {
    apiVersion: "resource.k8s.io/v1",
    kind: "DeviceClass",
    ...meta("kept"),
    spec: { selectors: [{ cel: { expression: 'device.driver == "gpu.example.com"' } }] },
  },
  {
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceSlice",
    ...meta("kept"),
    spec: {
      driver: "gpu.example.com",
      nodeName: "kept",
      pool: { name: "kept", generation: 1, resourceSliceCount: 1 },
      devices: [{ name: "gpu-0", attributes: { model: { string: "a" } } }],
    },
  },
];

export const KEPT_OBJECTS: readonly object[] = [
  ...VALID_CLUSTER,
  ...VALID.flatMap((object) =>
    ["kept", "fuzz"].map((namespace) => ({ ...object, metadata: { ...object.metadata, namespace } })),
  ),
];
