import { StepFailed } from "#cluster/steps";

/** Nodes need namespaces, mounts and cgroups of the machine. */
export function requireRoot(command: string): void {
  if (process.getuid?.() === 0) return;
  throw new StepFailed(
    `k8ts ${command} runs containers and networks, which needs root`,
    `sudo k8ts ${command} …`,
  );
}
