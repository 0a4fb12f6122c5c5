import { formatYaml, parseYaml } from "#machinery/yaml";

/** The file that tells clients which clusters there are and who they are there. Unknown parts are kept. */
export interface Kubeconfig {
  readonly clusters: readonly NamedCluster[];
  readonly users: readonly NamedUser[];
  readonly contexts: readonly NamedContext[];
  readonly "current-context": string;
}

export interface NamedCluster {
  readonly name: string;
  readonly cluster: {
    readonly server: string;
    /** Base64 of PEM. */
    readonly "certificate-authority-data"?: string;
    /** Path to a file, from the folder of the kubeconfig. */
    readonly "certificate-authority"?: string;
    readonly "insecure-skip-tls-verify"?: boolean;
    readonly "tls-server-name"?: string;
    readonly "proxy-url"?: string;
  };
}

export interface NamedUser {
  readonly name: string;
  readonly user: {
    readonly "client-certificate-data"?: string;
    readonly "client-certificate"?: string;
    readonly "client-key-data"?: string;
    readonly "client-key"?: string;
    readonly token?: string;
    readonly tokenFile?: string;
    readonly username?: string;
    readonly password?: string;
    readonly exec?: unknown;
  };
}

export interface NamedContext {
  readonly name: string;
  readonly context: { readonly cluster: string; readonly user: string; readonly namespace?: string };
}

/** One context with what it names. */
export interface ResolvedContext {
  readonly name: string;
  readonly cluster: NamedCluster["cluster"];
  readonly user: NamedUser["user"];
  readonly namespace: string;
}

export const emptyKubeconfig: Kubeconfig = { clusters: [], users: [], contexts: [], "current-context": "" };

/** Throws an Error that says what is wrong with the text. */
export function parseKubeconfig(text: string): Kubeconfig {
  const parsed = parseYaml(text);
  if (parsed === null || parsed === undefined) return emptyKubeconfig;
  if (typeof parsed !== "object" || Array.isArray(parsed)) throw new Error("a kubeconfig is a YAML object");
  const {
    kind = "Config",
    clusters,
    users,
    contexts,
    ...rest
  } = parsed as Partial<Kubeconfig> & { kind?: string };
  if (kind !== "Config") throw new Error(`kind is ${kind}, and not Config`);
  return {
    "current-context": "",
    ...rest,
    clusters: named(clusters, "clusters"),
    users: named(users, "users"),
    contexts: named(contexts, "contexts"),
  };
}

function named<T extends { readonly name: string }>(entries: unknown, what: string): readonly T[] {
  if (entries === null || entries === undefined) return [];
  const good = (entry: unknown) => typeof (entry as T | null)?.name === "string";
  if (!Array.isArray(entries) || !entries.every(good)) throw new Error(`${what} is a list of named entries`);
  return entries as T[];
}

export const formatKubeconfig = (config: Kubeconfig): string =>
  formatYaml({ apiVersion: "v1", kind: "Config", ...config });

/** As kubectl reads several files: the first to name something wins. */
export function mergeKubeconfigs(...configs: readonly Kubeconfig[]): Kubeconfig {
  return configs.reduce(
    (merged, config) => ({
      ...config,
      ...merged,
      clusters: united(merged.clusters, config.clusters),
      users: united(merged.users, config.users),
      contexts: united(merged.contexts, config.contexts),
      "current-context": merged["current-context"] || config["current-context"],
    }),
    emptyKubeconfig,
  );
}

/** Puts a cluster with its user and context in, in place of those of the same names, and makes it the current one. */
export function withContext(
  config: Kubeconfig,
  name: string,
  { cluster, user, namespace }: Pick<ResolvedContext, "cluster" | "user"> & { readonly namespace?: string },
): Kubeconfig {
  const context = { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) };
  return {
    ...config,
    clusters: united([{ name, cluster }], config.clusters),
    users: united([{ name, user }], config.users),
    contexts: united([{ name, context }], config.contexts),
    "current-context": name,
  };
}

/** Takes them out again; where it was the current context, none is. */
export function withoutContext(config: Kubeconfig, name: string): Kubeconfig {
  const others = <T extends { readonly name: string }>(entries: readonly T[]) =>
    entries.filter((entry) => entry.name !== name);
  return {
    ...config,
    clusters: others(config.clusters),
    users: others(config.users),
    contexts: others(config.contexts),
    "current-context": config["current-context"] === name ? "" : config["current-context"],
  };
}

const united = <T extends { readonly name: string }>(
  first: readonly T[],
  more: readonly T[],
): readonly T[] => [...first, ...more.filter(({ name }) => !first.some((entry) => entry.name === name))];

/** The context of that name, by default the current one. Throws an Error that says what is missing. */
export function resolveContext(config: Kubeconfig, name = config["current-context"]): ResolvedContext {
  const context = config.contexts.find((entry) => entry.name === name)?.context;
  if (!context) throw new Error(name === "" ? "no context is chosen" : `context "${name}" does not exist`);
  const cluster = config.clusters.find((entry) => entry.name === context.cluster)?.cluster;
  if (!cluster) throw new Error(`cluster "${context.cluster}" does not exist`);
  const user = config.users.find((entry) => entry.name === context.user)?.user ?? {};
  return { name, cluster, user, namespace: context.namespace || "default" };
}
