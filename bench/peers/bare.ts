import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ControlPlane, Endpoint } from "../control-plane.ts";
import { freePort, start, stop } from "../workspace.ts";

const PROGRAM = fileURLToPath(new URL("bare-server.ts", import.meta.url));

export interface BareServer extends Endpoint {
  readonly pid: number;
  stop(): Promise<void>;
}

/** A bare https server with the certificate of this control plane. */
export async function startBareServer({ folder, tls }: ControlPlane, bytes: number): Promise<BareServer> {
  const port = await freePort();
  const pem = (name: string) => join(folder, "pki", name);
  const args = [PROGRAM, String(port), String(bytes), pem("apiserver.crt"), pem("apiserver.key")];
  const child = start(process.execPath, args, "pipe");
  await once(createInterface({ input: child.stdout! }), "line");
  return { port, tls, pid: child.pid!, stop: () => stop(child) };
}
