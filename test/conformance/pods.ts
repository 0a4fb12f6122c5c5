/** Small pods for the tests. Their images are on the nodes. */
import type { V1Container, V1Pod, V1PodSpec, V1PodTemplateSpec } from "@kubernetes/client-node";

/** busybox with a web server: port 8080; `/cgi-bin/hostname` says which pod answers. Runs as user 1000. */
export const IMAGE = "k8ts.local/hello:1";

/** The same under another name. */
export const OTHER_IMAGE = "k8ts.local/hello:2";

/** Runs until it is told to stop, and then stops at once. */
export const WAITS = ["sh", "-c", "trap 'exit 0' TERM INT; sleep 3600 & wait"];

/** A container that waits. */
export const waiting = (more: Partial<V1Container> = {}): V1Container => ({
  name: "main",
  image: IMAGE,
  command: WAITS,
  ...more,
});

/** A container that runs a script. */
export const scripted = (script: string, more: Partial<V1Container> = {}): V1Container =>
  waiting({ command: ["sh", "-c", script], ...more });

/** A container with the web server of the image, ready when it answers. */
export const web = (more: Partial<V1Container> = {}): V1Container => ({
  name: "web",
  image: IMAGE,
  ports: [{ name: "http", containerPort: 8080 }],
  readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  ...more,
});

export const specOf = (container: V1Container, more: Partial<V1PodSpec> = {}): V1PodSpec => ({
  terminationGracePeriodSeconds: 0,
  containers: [container],
  ...more,
});

export const podOf = (
  name: string,
  container: V1Container,
  more: Partial<V1PodSpec> = {},
  labels: Record<string, string> = {},
): V1Pod => ({ metadata: { name, labels }, spec: specOf(container, more) });

export const templateOf = (
  labels: Record<string, string>,
  container: V1Container = waiting(),
  more: Partial<V1PodSpec> = {},
): V1PodTemplateSpec => ({ metadata: { labels }, spec: specOf(container, more) });

export const isReady = ({ status, metadata }: V1Pod): boolean =>
  metadata?.deletionTimestamp === undefined &&
  status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true;
