import assert from "node:assert/strict";
import { CoreV1Api, type V1Container, type V1Pod, type V1PodSpec } from "@kubernetes/client-node";
import { pods } from "./kinds.ts";
import { scripted, specOf } from "./pods.ts";
import type { ConformanceContext } from "./suite.ts";

/** What a container of a pod has written. */
export const logOf = (
  { api, namespace }: ConformanceContext,
  name: string,
  container = "main",
): Promise<string> => api(CoreV1Api).readNamespacedPodLog({ name, namespace, container });

export const isOver = ({ status }: V1Pod): boolean =>
  status?.phase === "Succeeded" || status?.phase === "Failed";

/** Runs a pod to its end, whatever that is. */
export async function finishedPod(context: ConformanceContext, pod: V1Pod): Promise<V1Pod> {
  await pods(context).create({ ...pod, spec: { restartPolicy: "Never", ...pod.spec! } });
  return pods(context).until(pod.metadata!.name!, isOver, "is over");
}

/** Runs a shell script in a pod of its own, which has to succeed; gives what it wrote. */
export async function outputOf(
  context: ConformanceContext,
  script: string,
  container: Partial<V1Container> = {},
  spec: Partial<V1PodSpec> = {},
  metadata: V1Pod["metadata"] = {},
): Promise<string> {
  const name = metadata.name ?? context.unique("pod");
  const pod = { metadata: { ...metadata, name }, spec: specOf(scripted(script, container), spec) };
  const { status } = await finishedPod(context, pod);
  const written = await logOf(context, name);
  assert.equal(status?.phase, "Succeeded", written);
  return written;
}
