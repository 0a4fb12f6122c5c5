/** The configuration that the container runtime reads to give pods their addresses. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type IpFamily, parseCidr } from "#base/ip";

export interface CniOptions {
  /** This node's ranges, at most one per family. */
  readonly podCIDRs: readonly string[];
  /** Where the address plugin keeps what it has given out. */
  readonly addressesDir: string;
  readonly mtu: number;
}

const EVERYWHERE: Record<IpFamily, string> = { ipv4: "0.0.0.0/0", ipv6: "::/0" };

/**
 * Every pod has a cable of its own to the node, which routes: so packets between pods of one node pass the node's
 * packet filter like all others, without any settings for bridges.
 */
export function cniConfig({ podCIDRs, addressesDir, mtu }: CniOptions): unknown {
  const ranges = podCIDRs.flatMap((text) => parseCidr(text) ?? []);
  return {
    cniVersion: "1.0.0",
    name: "k8ts",
    plugins: [
      {
        type: "ptp",
        mtu,
        // The node masquerades, by rules that know all of the cluster.
        ipMasq: false,
        ipam: {
          type: "host-local",
          dataDir: addressesDir,
          routes: [...new Set(ranges.map(({ family }) => family))].map((family) => ({
            dst: EVERYWHERE[family],
          })),
          ranges: podCIDRs.map((subnet) => [{ subnet }]),
        },
      },
    ],
  };
}

/** The runtime watches the folder: the file comes whole or not at all, and is left alone when nothing changed. */
export async function writeCniConfig(dir: string, options: CniOptions): Promise<void> {
  const path = join(dir, "10-k8ts.conflist");
  const text = `${JSON.stringify(cniConfig(options), null, 2)}\n`;
  await mkdir(dir, { recursive: true });
  if ((await readFile(path, "utf8").catch(() => "")) === text) return;
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}
