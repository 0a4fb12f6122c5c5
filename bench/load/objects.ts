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

/** A ConfigMap of 1 KB. */
export const configMapBody = (name: string, content: number): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "default" },
    data: { content: String(content).padStart(700, "x") },
  });
