/** What is written under load: objects of usual sizes. */

/** A pod as a Deployment of a small web application makes it; 2.7 KB as stored. */
export function podBody(name: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels: { app: "web", "pod-template-hash": "6d4cf56db6" } },
    spec: {
      // Nobody places them: what is measured is the API server.
      schedulerName: "nobody",
      containers: [
        {
          name: "web",
          image: "registry.example.com/shop/web:1.27.3",
          ports: [{ name: "http", containerPort: 8080 }],
          resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "128Mi" } },
        },
      ],
    },
  });
}

/** A node as its kubelet registers it, with conditions, addresses and a few images. */
export const nodeBody = (name: string): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" } },
    status: {
      capacity: { cpu: "8", memory: "32Gi", pods: "110" },
      allocatable: { cpu: "8", memory: "31Gi", pods: "110" },
      conditions: ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"].map((type) => ({
        type,
        status: type === "Ready" ? "True" : "False",
        reason: "KubeletSaysSo",
        message: "as the kubelet sees it",
      })),
      addresses: [{ type: "Hostname", address: name }],
      nodeInfo: {
        machineID: "b1946ac92492d2347c6235b4d2611184",
        kernelVersion: "6.1.0-30-amd64",
        osImage: "Debian GNU/Linux 12 (bookworm)",
        containerRuntimeVersion: "containerd://1.6.20",
        kubeletVersion: "v1.35.0",
        kubeProxyVersion: "",
        operatingSystem: "linux",
        architecture: "amd64",
        bootID: "5f2b5a4e-0c7c-4b43-a1f5-7d2c4a0d7c11",
        systemUUID: "0b9ef3e4-14c4-4f6c-b1d6-0d8c1f4a9c55",
      },
      images: Array.from({ length: 5 }, (_, index) => ({
        names: [`registry.example.com/shop/image-${index}:1.0`],
        sizeBytes: 30_000_000 + index,
      })),
    },
  });

/** A ConfigMap of 1 KB. */
export const configMapBody = (name: string, content: number): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "default" },
    data: { content: String(content).padStart(700, "x") },
  });
