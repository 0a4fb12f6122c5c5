import type { Pod } from "#api/core-v1/pod";
import type { ObjectReference } from "#api/core-v1/reference";
import type { Service } from "#api/core-v1/service";
import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import type { Client } from "#client/client";
import type { SecurityDefaults } from "../container/security.ts";
import type { ContainerRuntime } from "../cri/client.ts";
import type { ImagePuller } from "../images/image-puller.ts";
import type { Pressures } from "../node/node-status.ts";
import type { OomKills } from "../node/oom-kills.ts";
import type { PodCgroups } from "../resources/cgroups.ts";
import type { KubeletMetrics } from "../stats/metrics.ts";
import type { ObjectReferences } from "../volumes/references.ts";
import type { ResizeAnswer } from "./allocation.ts";
import type { Directories } from "./directories.ts";
import type { ClusterDns, DnsSettings } from "./dns.ts";

/** Where the kubelet says what happens to pods; `EventRecorder` is one. */
export interface EventSink {
  record(about: Pod | ObjectReference, type: "Normal" | "Warning", reason: string, message: string): void;
}

/** What a kubelet's pods have from their manager. */
export type ManagedServices = "own" | "disown" | "resizeProblem" | "roomChanged";

/** What pod workers share. */
export interface PodServices {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly runtime: ContainerRuntime;
  readonly puller: ImagePuller;
  readonly references: ObjectReferences;
  readonly cgroups: PodCgroups;
  readonly events: EventSink;
  readonly metrics: KubeletMetrics;
  readonly oomKills: OomKills;
  readonly dirs: Directories;
  readonly clusterDns: ClusterDns;
  readonly security: SecurityDefaults;
  readonly node: {
    readonly ips: readonly string[];
    readonly memoryBytes: number;
    allocatable(): Readonly<Record<string, string>>;
    pressures(): Pressures;
  };
  hostDns(): Promise<DnsSettings>;
  hostsFile(): Promise<string>;
  services(): Iterable<Service>;
  /** The runtime's name for a RuntimeClass. */
  runtimeHandler(runtimeClassName: string): Promise<string>;
  /** Whose container or sandbox this is, so that its events find the pod. */
  own(id: string, podUid: string): void;
  disown(id: string): void;
  /** Why the node cannot give a running pod the resources that it asks for. */
  resizeProblem(pod: Pod): ResizeAnswer;
  /** A pod needs less than before, or nothing any more: another may have waited for it. */
  roomChanged(): void;
}
