/** What the service proxy knows of one port of a Service, free of how it is brought into the kernel. */
import type { IpFamily } from "#base/ip";

export type Protocol = "tcp" | "udp" | "sctp";

/** Where a connection may end. */
export interface Backend {
  readonly address: string;
  readonly port: number;
  /** Runs on this node. */
  readonly local: boolean;
}

/** Who is answered at a virtual address: `cluster` is the Service's own address, all others are `external`. */
export type Reach = "cluster" | "external";

export interface VirtualAddress {
  readonly address: string;
  readonly port: number;
  readonly reach: Reach;
  /** Only senders in these ranges are let in. */
  readonly allowedSources?: readonly string[];
}

/** One port of one Service in one address family. */
export interface ServicePort {
  /** `namespace/name:port`. */
  readonly id: string;
  readonly family: IpFamily;
  readonly protocol: Protocol;
  readonly addresses: readonly VirtualAddress[];
  /** Backends for traffic to the cluster address. */
  readonly internal: readonly Backend[];
  /** Backends for traffic to external addresses from inside the cluster, and from anywhere unless `preserved` is set. */
  readonly external: readonly Backend[];
  /** Set under the external traffic policy `Local`: backends for traffic from outside, whose source is kept. */
  readonly preserved: readonly Backend[] | undefined;
  /** There are backends somewhere, so traffic that a policy keeps from them is dropped and not refused. */
  readonly hasBackends: boolean;
  /** A client stays with its backend until it has been silent for so long. */
  readonly affinitySeconds: number | undefined;
}

/** Where this proxy runs. */
export interface Surroundings {
  readonly nodeName: string;
  /** Value of the node's label `topology.kubernetes.io/zone`. */
  readonly zone: string | undefined;
  /** Addresses of the node at which node ports are served. */
  readonly nodePortAddresses: readonly string[];
  /** Service addresses that a server on this node has bound itself; their packets are left alone. */
  readonly boundAddresses: readonly string[];
}
