import type { CertificateStore } from "./certificates/certificate-store.ts";
import { writeKubeconfig } from "./certificates/kubeconfig.ts";
import { adminClient } from "./certificates/profiles.ts";

/** Lets people of this machine in, with all rights. */
export async function writeAdminKubeconfig(
  path: string,
  { cluster, host, port }: { readonly cluster: string; readonly host: string; readonly port: number },
  certificates: CertificateStore,
): Promise<void> {
  await writeKubeconfig(path, {
    cluster,
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    authority: certificates.cluster.certificate,
    user: "admin",
    credentials: await certificates.pair(adminClient),
  });
}
