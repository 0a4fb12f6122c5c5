/** The application of the fault tests: as many pods as asked for, on all nodes, behind a Service. */
export interface WebOptions {
  readonly name?: string;
  readonly replicas?: number;
  /** Lines of the pod's spec. */
  readonly pod?: string;
  /** Lines of the container. */
  readonly container?: string;
}

export const webManifest = ({
  name = "web",
  replicas = 3,
  pod = "",
  container = "",
}: WebOptions = {}): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 4
      tolerations:
        - { key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 1 }
        - { key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 1 }
${indented(pod, 6)}
      containers:
        - name: web
          image: k8ts.local/hello:1
          ports: [{ name: http, containerPort: 8080 }]
          readinessProbe: { httpGet: { path: /, port: http }, periodSeconds: 1 }
${indented(container, 10)}
---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec:
  type: NodePort
  selector: { app: ${name} }
  ports: [{ name: http, port: 80, targetPort: http }]
`;

/** Ends at the first word. */
const PROMPT = `command: [sh, -c, "trap 'exit 0' TERM; httpd -f -p 8080 -h /www & wait"]`;

/** As careful users write it: the pod goes on answering until every node has heard that it goes. */
export const GOES_GENTLY = `${PROMPT}
lifecycle: { preStop: { sleep: { seconds: 2 } } }`;

/** It ends while others may still send it requests. */
export const GOES_BLUNTLY = PROMPT;

const indented = (lines: string, by: number): string =>
  lines
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => " ".repeat(by) + line)
    .join("\n");
