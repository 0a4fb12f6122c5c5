/** A pod of some 4 KB as kubectl sends it, keys sorted, and a stopwatch, for the micro-benchmarks beside. */
import { systemClock } from "#base/clock";

const container = (name: string) => ({
  args: ["--listen=:8080", "--metrics=:9090"],
  env: [
    { name: "POD_NAME", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } },
    { name: "MODE", value: "production" },
    { name: "TOKEN", valueFrom: { secretKeyRef: { key: "token", name: "credentials" } } },
  ],
  image: `registry.example.com/team/${name}:v1.2.3`,
  imagePullPolicy: "IfNotPresent",
  livenessProbe: {
    failureThreshold: 3,
    httpGet: { path: "/healthz", port: 8080, scheme: "HTTP" },
    periodSeconds: 10,
    successThreshold: 1,
    timeoutSeconds: 1,
  },
  name,
  ports: [
    { containerPort: 8080, name: "http", protocol: "TCP" },
    { containerPort: 9090, name: "metrics", protocol: "TCP" },
  ],
  resources: { limits: { cpu: "500m", memory: "256Mi" }, requests: { cpu: "100m", memory: "128Mi" } },
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  terminationMessagePath: "/dev/termination-log",
  terminationMessagePolicy: "File",
  volumeMounts: [
    { mountPath: "/etc/config", name: "config", readOnly: true },
    { mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", name: "token", readOnly: true },
  ],
});

const condition = (type: string) => ({
  lastTransitionTime: "2026-01-01T00:00:00Z",
  status: "True",
  type,
});

const status = (name: string) => ({
  containerID: `containerd://${"0123456789abcdef".repeat(4)}`,
  image: `registry.example.com/team/${name}:v1.2.3`,
  imageID: `registry.example.com/team/${name}@sha256:${"0123456789abcdef".repeat(4)}`,
  name,
  ready: true,
  restartCount: 0,
  started: true,
  state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
});

export const samplePod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    annotations: { "example.com/checksum": "0123456789abcdef0123456789abcdef" },
    creationTimestamp: "2026-01-01T00:00:00Z",
    generateName: "web-6d4b75cb6d-",
    labels: { app: "web", "pod-template-hash": "6d4b75cb6d", tier: "front" },
    name: "web-6d4b75cb6d-abcde",
    namespace: "default",
    ownerReferences: [
      {
        apiVersion: "apps/v1",
        blockOwnerDeletion: true,
        controller: true,
        kind: "ReplicaSet",
        name: "web-6d4b75cb6d",
        uid: "00000000-0000-4000-8000-000000000000",
      },
    ],
    resourceVersion: "12345",
    uid: "00000000-0000-4000-8000-000000000001",
  },
  spec: {
    containers: [container("server"), container("sidecar")],
    dnsPolicy: "ClusterFirst",
    enableServiceLinks: true,
    nodeName: "node-1",
    preemptionPolicy: "PreemptLowerPriority",
    priority: 0,
    restartPolicy: "Always",
    schedulerName: "default-scheduler",
    securityContext: {},
    serviceAccountName: "default",
    terminationGracePeriodSeconds: 30,
    tolerations: [
      {
        effect: "NoExecute",
        key: "node.kubernetes.io/not-ready",
        operator: "Exists",
        tolerationSeconds: 300,
      },
    ],
    volumes: [
      { configMap: { defaultMode: 420, name: "web" }, name: "config" },
      {
        name: "token",
        projected: {
          defaultMode: 420,
          sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: "token" } }],
        },
      },
    ],
  },
  status: {
    conditions: ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition),
    containerStatuses: [status("server"), status("sidecar")],
    hostIP: "10.0.0.1",
    phase: "Running",
    podIP: "10.1.0.1",
    podIPs: [{ ip: "10.1.0.1" }],
    qosClass: "Burstable",
    startTime: "2026-01-01T00:00:00Z",
  },
};

/** Microseconds a call: the best of several rounds, since other work on the machine only ever adds. */
export function measure(work: () => unknown): number {
  const calls = 2000;
  for (let i = 0; i < calls; i++) work();
  let best = Infinity;
  for (let round = 0; round < 10; round++) {
    const start = systemClock.monotonic();
    for (let i = 0; i < calls; i++) work();
    best = Math.min(best, systemClock.monotonic() - start);
  }
  return (best * 1000) / calls;
}

export function report(title: string, figures: Readonly<Record<string, number>>): void {
  const lines = Object.entries(figures).map(
    ([name, micros]) => `${micros.toFixed(1).padStart(8)} us  ${name}`,
  );
  // oxlint-disable-next-line no-console -- a benchmark prints
  console.log([title, ...lines].join("\n"));
}
