/** Which DNS servers a pod asks, and what it calls itself. */
import type { Pod } from "#api/core-v1/pod";
import { isHostNetwork } from "./spec.ts";

export interface DnsSettings {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface ClusterDns {
  readonly servers: readonly string[];
  /** `cluster.local` */
  readonly domain: string;
}

/** What resolvers heed at most. */
const SERVERS_MAX = 3;
const SEARCHES_MAX = 32;

export function parseResolvConf(text: string): DnsSettings {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, "")
      .trim()
      .split(/\s+/);
    if (keyword === "nameserver" && values[0]) servers.push(values[0]);
    if (keyword === "search")
      searches = values.map((name) => (name === "." ? name : name.replace(/\.$/, "")));
    if (keyword === "options") options = values;
  }
  return { servers, searches, options };
}

/** `host`: the node's own settings. */
export function podDns(pod: Pod, cluster: ClusterDns, host: DnsSettings): DnsSettings {
  return withOwn(pod, base(pod, cluster, host));
}

function base(pod: Pod, cluster: ClusterDns, host: DnsSettings): DnsSettings {
  const policy = pod.spec.dnsPolicy ?? "ClusterFirst";
  if (policy === "None") return { servers: [], searches: [], options: [] };
  const wantsCluster =
    policy === "ClusterFirstWithHostNet" || (policy === "ClusterFirst" && !isHostNetwork(pod));
  if (!wantsCluster || cluster.servers.length === 0) return host;
  const { domain } = cluster;
  const own = [`${pod.metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain];
  return { servers: cluster.servers, searches: [...own, ...host.searches], options: ["ndots:5"] };
}

/** The pod's own `dnsConfig` adds servers and searches, and replaces options of the same name. */
function withOwn({ spec }: Pod, { servers, searches, options }: DnsSettings): DnsSettings {
  const own = spec.dnsConfig ?? {};
  const merged = new Map(options.map((option) => [option.split(":")[0], option]));
  for (const { name = "", value } of own.options ?? [])
    merged.set(name, value === undefined ? name : `${name}:${value}`);
  return {
    servers: distinct([...servers, ...(own.nameservers ?? [])]).slice(0, SERVERS_MAX),
    searches: distinct([...searches, ...(own.searches ?? [])]).slice(0, SEARCHES_MAX),
    options: [...merged.values()],
  };
}

const distinct = (names: readonly string[]): string[] => [...new Set(names)];

const HOSTNAME_LENGTH_MAX = 63;
const FQDN_LENGTH_MAX = 64;

export interface PodNames {
  readonly hostname: string;
  /** With a subdomain: what the pod is called in the cluster's DNS, without the host name. Else empty. */
  readonly hostDomain: string;
}

/** Throws where the full name is wanted as host name and is too long for the kernel. */
export function podNames(pod: Pod, { domain }: ClusterDns): PodNames {
  const { spec, metadata } = pod;
  const short = spec.hostname || truncated(metadata.name);
  const hostDomain = spec.subdomain ? `${spec.subdomain}.${metadata.namespace}.svc.${domain}` : "";
  if (spec.hostnameOverride) return { hostname: spec.hostnameOverride, hostDomain: "" };
  if (!spec.setHostnameAsFQDN || !hostDomain) return { hostname: short, hostDomain };
  const hostname = `${short}.${hostDomain}`;
  if (hostname.length > FQDN_LENGTH_MAX)
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${hostname} is too long (${FQDN_LENGTH_MAX} characters is the max, ${hostname.length} characters requested)`,
    );
  return { hostname, hostDomain };
}

/** A host name may be shorter than a pod's name, and may not end in `-` or `.`. */
const truncated = (name: string): string =>
  name.length <= HOSTNAME_LENGTH_MAX ? name : name.slice(0, HOSTNAME_LENGTH_MAX).replace(/[-.]+$/, "");
