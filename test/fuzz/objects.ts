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
  { apiVersion: "v1", kind: "ServiceAccount", ...meta("account") },
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
];

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
];

export const KEPT_OBJECTS: readonly object[] = [
  ...VALID_CLUSTER,
  ...VALID.flatMap((object) =>
    ["kept", "fuzz"].map((namespace) => ({ ...object, metadata: { ...object.metadata, namespace } })),
  ),
];
