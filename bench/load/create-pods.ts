import { ServiceAccount } from "#api/core-v1/serviceaccount";
import type { ControlPlane, Endpoint } from "../control-plane.ts";
import { pause } from "../workspace.ts";
import { H1Connection, h1Request } from "./h1-connection.ts";
import { podBody } from "./objects.ts";

export const PODS_PATH = "/api/v1/namespaces/default/pods";
const CONNECTIONS = 20;
let made = 0;

export const nextPodName = (): string => `web-6d4cf56db6-${String(made++).padStart(6, "0")}`;

/** Pods cannot be made before their namespace has its service account. */
export async function readyForPods({ client }: Pick<ControlPlane, "client">): Promise<void> {
  while (!(await client.find(ServiceAccount, { namespace: "default", name: "default" }))) await pause(10);
}

/** Makes pods as fast as the server takes them. */
export async function createPods(server: ControlPlane, count: number): Promise<void> {
  await readyForPods(server);
  let left = count;
  const work = async () => {
    const connection = await H1Connection.open(server);
    while (left-- > 0) await createPod(connection);
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
}

export async function createPod(connection: H1Connection): Promise<void> {
  const { status } = await connection.send(h1Request("POST", PODS_PATH, podBody(nextPodName())));
  if (status !== 201) throw new Error(`a pod was not created: ${status}`);
}

export const openAll = (endpoint: Endpoint, count: number): Promise<H1Connection[]> =>
  Promise.all(Array.from({ length: count }, () => H1Connection.open(endpoint)));
