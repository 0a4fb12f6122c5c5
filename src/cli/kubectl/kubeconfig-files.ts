import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type Kubeconfig, mergeKubeconfigs, parseKubeconfig } from "#client/kubeconfig";
import { DEFAULT_CLUSTER, placesOf } from "#cluster/places";

/** `--kubeconfig`, the files of `KUBECONFIG`, the default cluster of this machine, or `~/.kube/config`: the first that is said or there. */
export function readKubeconfigs(flag: string | undefined, variable: string | undefined): Kubeconfig {
  if (flag !== undefined) return readOne(flag);
  if (variable !== undefined && variable !== "") {
    const files = variable.split(":").filter((file) => file !== "" && existsSync(file));
    if (files.length === 0) throw new Error(`KUBECONFIG names no file that exists: ${variable}`);
    return mergeKubeconfigs(...files.map(readOne));
  }
  const local = placesOf(DEFAULT_CLUSTER).kubeconfig;
  const own = join(homedir(), ".kube", "config");
  const found = [local, own].find((file) => existsSync(file));
  if (found !== undefined) return readOne(found);
  throw new Error(
    "no cluster is known here: start one with `k8ts up`, or name its file with --kubeconfig or KUBECONFIG",
  );
}

function readOne(file: string): Kubeconfig {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new Error(`the kubeconfig ${file} cannot be read`, { cause });
  }
  try {
    return withWholePaths(parseKubeconfig(text), dirname(resolve(file)));
  } catch (cause) {
    throw new Error(`error loading config file ${JSON.stringify(file)}`, { cause });
  }
}

/** Paths in a kubeconfig count from its own folder. */
function withWholePaths(config: Kubeconfig, folder: string): Kubeconfig {
  const whole = <T extends object>(part: T, ...names: readonly (keyof T)[]): T => {
    const changed = names.flatMap((name) =>
      typeof part[name] === "string" ? [[name, resolve(folder, part[name])]] : [],
    );
    return { ...part, ...(Object.fromEntries(changed) as Partial<T>) };
  };
  return {
    ...config,
    clusters: config.clusters.map((entry) => ({
      ...entry,
      cluster: whole(entry.cluster, "certificate-authority"),
    })),
    users: config.users.map((entry) => ({
      ...entry,
      user: whole(entry.user, "client-certificate", "client-key", "tokenFile"),
    })),
  };
}
