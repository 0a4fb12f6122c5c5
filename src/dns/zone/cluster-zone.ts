/** The records of the cluster's own zone, worked out from Services and their endpoints when they are asked for. */
import type { Service } from "#api/core-v1/service";
import type { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { type Answer, encodeAnswer } from "../wire/answer.ts";
import {
  addressRecord,
  nameRecord,
  type ResourceRecord,
  serviceRecord,
  soaRecord,
  textRecord,
} from "../wire/records.ts";
import { RCODE, TYPE } from "../wire/types.ts";
import { hostOf, type NamedEndpoint, namedEndpoints } from "./endpoints.ts";
import { type Asked, readName } from "./names.ts";

/** Where the zone reads the state of the cluster. */
export interface ZoneSource {
  hasNamespace(name: string): boolean;
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, name: string): Iterable<EndpointSlice>;
  /** Services with this cluster address. */
  servicesAt(address: string): Iterable<Service>;
  /** Slices with an endpoint at this address. */
  slicesAt(address: string): Iterable<EndpointSlice>;
}

export interface ZoneOptions {
  readonly clusterDomain: string;
  /** Where this server is found: the addresses of `ns.dns`. */
  readonly nameserverIPs: readonly string[];
  readonly serial: number;
  readonly source: ZoneSource;
}

/** How long a client may go on using an answer, and how long it may go on believing that there is none. */
const TTL_SECONDS = 30;
const NEGATIVE_TTL_SECONDS = 5;
/** The version of the specification of DNS in Kubernetes. */
const SPECIFICATION_VERSION = "1.1.0";

export type ZoneAnswer =
  | { readonly kind: "elsewhere" }
  /** `service`: the answer holds as long as this Service (`namespace/name`) and its endpoints stay as they are. */
  | { readonly kind: "answer"; readonly answer: Answer; readonly service?: string }
  /** The name stands for another one, whose records belong into the answer as well. */
  | { readonly kind: "alias"; readonly record: ResourceRecord; readonly target: string };

export class ClusterZone {
  readonly #options: ZoneOptions;
  readonly #labels: readonly string[];
  readonly #zone: string;
  readonly #soa: ResourceRecord;
  /** The name does not exist. */
  readonly #nothing: ZoneAnswer;
  /** The name exists, without records of the type. */
  readonly #empty: ZoneAnswer;

  constructor(options: ZoneOptions) {
    this.#options = options;
    this.#zone = options.clusterDomain.toLowerCase().replace(/\.$/, "");
    this.#labels = this.#zone.split(".");
    const ttls = { ttlSeconds: NEGATIVE_TTL_SECONDS, negativeTtlSeconds: NEGATIVE_TTL_SECONDS };
    this.#soa = soaRecord({ zone: this.#zone, serial: options.serial, ...ttls });
    const denial = (rcode: number): ZoneAnswer => ({
      kind: "answer",
      answer: encodeAnswer({ rcode, answers: [], authority: [this.#soa] }),
    });
    this.#nothing = denial(RCODE.NXDOMAIN);
    this.#empty = denial(RCODE.NOERROR);
  }

  /** `labels` in small letters, first to last. */
  resolve(labels: readonly string[], type: number): ZoneAnswer {
    const asked = readName(labels, this.#labels);
    switch (asked.what) {
      case "elsewhere":
        return { kind: "elsewhere" };
      case "nothing":
        return this.#nothing;
      case "empty":
        return this.#empty;
      case "apex":
        return this.#ofType([this.#soa, nameRecord(TYPE.NS, `ns.dns.${this.#zone}`, TTL_SECONDS)], type);
      case "version":
        return this.#ofType([textRecord(SPECIFICATION_VERSION, TTL_SECONDS)], type);
      case "nameserver":
        return this.#ofType(
          this.#options.nameserverIPs.map((ip) => addressRecord(ip, TTL_SECONDS)),
          type,
        );
      case "namespace":
        return this.#options.source.hasNamespace(asked.namespace) ? this.#empty : this.#nothing;
      case "pod":
        return this.#pod(asked, type);
      case "reverse":
        return this.#reverse(asked.address, type);
      default:
        return this.#service(asked, type);
    }
  }

  /** The name says the address; that the namespace exists is all that can be checked without watching every pod. */
  #pod({ namespace, address }: Extract<Asked, { what: "pod" }>, type: number): ZoneAnswer {
    if (!this.#options.source.hasNamespace(namespace)) return this.#nothing;
    return this.#ofType([addressRecord(address, TTL_SECONDS)], type);
  }

  #service(asked: Extract<Asked, { what: "service" | "host" | "port" }>, type: number): ZoneAnswer {
    const { namespace, service: name } = asked;
    const service = this.#options.source.service(namespace, name);
    if (!service) return this.#nothing;
    if (service.spec.type === "ExternalName") return this.#external(service, asked);
    const records =
      asked.what === "service"
        ? this.#serviceRecords(service, type)
        : asked.what === "host"
          ? this.#hostRecords(service, asked.host)
          : this.#portRecords(service, asked.protocol, asked.port);
    if (records === undefined) return this.#nothing;
    return {
      ...this.#ofType(records, type, this.#targets(service, asked, type)),
      service: `${namespace}/${name}`,
    } as ZoneAnswer;
  }

  #external({ spec }: Service, asked: Asked): ZoneAnswer {
    if (asked.what !== "service") return this.#nothing;
    const target = (spec.externalName ?? "").toLowerCase().replace(/\.$/, "");
    return { kind: "alias", record: nameRecord(TYPE.CNAME, target, TTL_SECONDS), target };
  }

  #serviceRecords(service: Service, type: number): readonly ResourceRecord[] {
    const ports =
      type === TYPE.SRV || type === TYPE.ANY ? (this.#portRecords(service, undefined, undefined) ?? []) : [];
    const addresses = isHeadless(service)
      ? this.#endpoints(service).map(({ address }) => address)
      : clusterIPs(service);
    return [...addresses.map((address) => addressRecord(address, TTL_SECONDS)), ...ports];
  }

  #hostRecords(service: Service, host: string): readonly ResourceRecord[] | undefined {
    const found = this.#endpoints(service).filter((endpoint) => endpoint.host === host);
    return found.length === 0 ? undefined : found.map(({ address }) => addressRecord(address, TTL_SECONDS));
  }

  /** Undefined when there is no such port. */
  #portRecords(
    service: Service,
    protocol: string | undefined,
    port: string | undefined,
  ): readonly ResourceRecord[] | undefined {
    const name = `${service.metadata.name}.${service.metadata.namespace}.svc.${this.#zone}`;
    const wanted = (at: { readonly name: string; readonly protocol: string }) =>
      (protocol === undefined || at.protocol === protocol) && (port === undefined || at.name === port);
    if (!isHeadless(service)) {
      const ports = (service.spec.ports ?? [])
        .map((at) => ({ name: at.name ?? "", protocol: (at.protocol ?? "TCP").toLowerCase(), port: at.port }))
        .filter(wanted);
      return ports.length === 0
        ? undefined
        : ports.map((at) => serviceRecord(at.port, name, weightOf(ports.length), TTL_SECONDS));
    }
    const targets = this.#endpoints(service).flatMap(({ host, ports }) =>
      ports.filter(wanted).map((at) => ({ host, port: at.port })),
    );
    return targets.length === 0
      ? undefined
      : targets.map(({ host, port }) =>
          serviceRecord(port, `${host}.${name}`, weightOf(targets.length), TTL_SECONDS),
        );
  }

  /** The addresses of what SRV records lead to. */
  #targets(service: Service, asked: Asked, type: number): readonly ResourceRecord[] {
    if (type !== TYPE.SRV) return [];
    const name = `${service.metadata.name}.${service.metadata.namespace}.svc.${this.#zone}`;
    if (!isHeadless(service)) return clusterIPs(service).map((ip) => addressRecord(ip, TTL_SECONDS, name));
    const { protocol, port } = asked.what === "port" ? asked : {};
    return this.#endpoints(service)
      .filter(({ ports }) =>
        ports.some(
          (at) =>
            (protocol === undefined || at.protocol === protocol) && (port === undefined || at.name === port),
        ),
      )
      .map(({ host, address }) => addressRecord(address, TTL_SECONDS, `${host}.${name}`));
  }

  #endpoints({ metadata }: Service): readonly NamedEndpoint[] {
    return namedEndpoints(this.#options.source.slices(metadata.namespace ?? "", metadata.name));
  }

  #reverse(address: string, type: number): ZoneAnswer {
    const names = new Set<string>();
    for (const { metadata } of this.#options.source.servicesAt(address)) {
      names.add(`${metadata.name}.${metadata.namespace}.svc.${this.#zone}`);
    }
    for (const { metadata, endpoints } of this.#options.source.slicesAt(address)) {
      const service = metadata.labels?.["kubernetes.io/service-name"];
      if (service === undefined) continue;
      for (const endpoint of endpoints) {
        if (endpoint.addresses[0] !== address || endpoint.conditions.ready === false) continue;
        names.add(`${hostOf(address, endpoint.hostname)}.${service}.${metadata.namespace}.svc.${this.#zone}`);
      }
    }
    if (names.size === 0) return { kind: "elsewhere" };
    return this.#ofType(
      [...names].map((name) => nameRecord(TYPE.PTR, name, TTL_SECONDS)),
      type,
    );
  }

  #ofType(
    records: readonly ResourceRecord[],
    type: number,
    additional: readonly ResourceRecord[] = [],
  ): ZoneAnswer {
    const answers = type === TYPE.ANY ? records : records.filter((record) => record.type === type);
    if (answers.length === 0) return this.#empty;
    return { kind: "answer", answer: encodeAnswer({ rcode: RCODE.NOERROR, answers, additional }) };
  }
}

const isHeadless = ({ spec }: Service): boolean => !spec.clusterIP || spec.clusterIP === "None";

export const clusterIPs = ({ spec }: Service): readonly string[] =>
  (spec.clusterIPs && spec.clusterIPs.length > 0
    ? spec.clusterIPs
    : spec.clusterIP
      ? [spec.clusterIP]
      : []
  ).filter((ip) => ip !== "None");

/** All are alike, and add up to about 100. */
const weightOf = (count: number): number => Math.max(1, Math.floor(100 / count));
