/** What the control plane of a local cluster is started with, read from the cluster's settings and from flags. */
import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import type { Scope } from "#base/scope";
import type { ControlPlaneOptions } from "./control-plane.ts";
import { type FlagTexts, parseServerFlags } from "./flags/server-flags.ts";
import type { ClusterPlaces } from "./places.ts";
import { fabricOf, fabricOptions } from "./local-fabric.ts";
import { settingsOf } from "./local-settings.ts";
import { readSettings } from "./settings.ts";
import { StepFailed } from "./steps.ts";

/** For a server without a cluster of this machine: upstream's. */
const DEFAULT_PORT = 6443;
const DEFAULT_SERVICE_RANGE = "10.96.0.0/16";
const DEFAULT_POD_RANGE = "10.244.0.0/16";
const DEFAULT_DOMAIN = "cluster.local";

/** The cluster's settings, and the flags that are given now before those of before. */
export function controlPlaneOptions(
  places: ClusterPlaces,
  given: FlagTexts,
  scope: Scope,
): ControlPlaneOptions {
  const known = readSettings(places);
  const flags = parseServerFlags({ ...known?.flags, ...given });
  // A server that is told where its objects are needs no cluster of this machine.
  const settings = known || !flags.store ? settingsOf(places) : undefined;
  return {
    storeDir: places.store,
    pkiDir: flags["cert-dir"] ?? places.pki,
    address: flags["advertise-address"] ?? (settings ? fabricOf(settings).hostAddress : machineAddress()),
    ...(flags["bind-address"] ? { host: flags["bind-address"] } : {}),
    port: flags["secure-port"] ?? settings?.port ?? DEFAULT_PORT,
    podRange: flags["cluster-cidr"] ?? settings?.podRange ?? DEFAULT_POD_RANGE,
    serviceRange: flags["service-cluster-ip-range"] ?? settings?.serviceRange ?? DEFAULT_SERVICE_RANGE,
    clusterDomain: settings?.clusterDomain ?? DEFAULT_DOMAIN,
    ...(settings ? { fabric: fabricOptions(settings) } : {}),
    ...(settings ? {} : { kubeconfig: { path: places.kubeconfig, cluster: places.name } }),
    audit: auditOf(places),
    flags,
    scope,
  };
}

/** The first by which others can reach this machine. */
function machineAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const found = all.find(({ internal, family }) => !internal && family === "IPv4");
  if (found) return found.address;
  throw new StepFailed("this machine has no address that others reach", "name one with --advertise-address");
}

/** `up` puts a policy beside the cluster's other files; what flags say goes first. */
function auditOf({ auditPolicy, auditLog }: ClusterPlaces): ControlPlaneOptions["audit"] {
  return { logFile: auditLog, ...(existsSync(auditPolicy) ? { policyFile: auditPolicy } : {}) };
}
