import { ageColumn, firstFew, nameColumn, NONE, text } from "#api/columns";
import { ipAddress, named, namedIfSet, portNumber } from "#api/checks";
import { parseIp } from "#base/ip";
import { TypedLocalObjectReference } from "#api/core-v1/reference";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  at,
  type FieldProblem,
  inline,
  int32,
  invalid,
  item,
  list,
  type Of,
  ref,
  required,
  resource,
  string,
  struct,
  value,
} from "#machinery/schema";

export const ServiceBackendPort = struct(
  "networking.v1.ServiceBackendPort",
  {
    name: string(1).doc("Name of the port."),
    number: int32(2).doc("Number of the port."),
  },
  { atomic: true },
);
export interface ServiceBackendPort extends Of<typeof ServiceBackendPort> {}

export const IngressServiceBackend = struct(
  "networking.v1.IngressServiceBackend",
  {
    name: string(1).required().notEmpty().format("dns-1035-label").doc("Name of the service."),
    port: value(2, ServiceBackendPort).doc("Port of the service."),
  },
  {
    *validate({ port }, path) {
      const { name = "", number = 0 } = port;
      if (name !== "" && number !== 0) yield invalid(path, name, "cannot set both port name & port number");
      else if (name !== "") yield* named(at(path, "port.name"), name, "port-name");
      else if (number !== 0) yield* portNumber(at(path, "port.number"), number);
      else yield required(path, "port name or number is required");
    },
  },
);
export interface IngressServiceBackend extends Of<typeof IngressServiceBackend> {}

/** An object of the same namespace, of any kind. */
function* objectProblems(
  { apiGroup, kind, name }: TypedLocalObjectReference,
  path: string,
): Iterable<FieldProblem> {
  yield* namedIfSet(at(path, "apiGroup"), apiGroup ?? undefined, "dns-subdomain");
  for (const [member, text] of Object.entries({ kind, name })) {
    if (text === "") yield required(at(path, member));
    yield* namedIfSet(at(path, member), text, "path-segment");
  }
}

export const IngressBackend = struct(
  "networking.v1.IngressBackend",
  {
    service: ref(4, IngressServiceBackend).doc("Service that the traffic goes to."),
    resource: ref(3, TypedLocalObjectReference).doc("Other object that the traffic goes to."),
  },
  {
    *validate({ service, resource: target }, path) {
      if (service && target) yield invalid(path, "", "cannot set both resource and service backends");
      if (!service && !target) yield required(path, "resource or service backend is required");
      if (target) yield* objectProblems(target, at(path, "resource"));
    },
  },
);
export interface IngressBackend extends Of<typeof IngressBackend> {}

const PATH_PARTS = ["//", "/./", "/../", "%2f", "%2F"];
const PATH_ENDS = ["/..", "/."];

function* pathProblems(target: string, path: string): Iterable<FieldProblem> {
  if (!target.startsWith("/")) yield invalid(path, target, "must be an absolute path");
  for (const part of PATH_PARTS)
    if (target.includes(part)) yield invalid(path, target, `must not contain '${part}'`);
  for (const end of PATH_ENDS)
    if (target.endsWith(end)) yield invalid(path, target, `cannot end with '${end}'`);
}

function* hostProblems(host: string, path: string): Iterable<FieldProblem> {
  if (parseIp(host) !== undefined) yield invalid(path, host, "must be a DNS name, not an IP address");
  yield* namedIfSet(path, host, host.includes("*") ? "wildcard-subdomain" : "dns-subdomain");
}

export const HTTPIngressPath = struct(
  "networking.v1.HTTPIngressPath",
  {
    path: string(1).doc("Path that is compared."),
    pathType: string(3)
      .pointer()
      .oneOf("Exact", "ImplementationSpecific", "Prefix")
      .required()
      .doc("Exact, Prefix or ImplementationSpecific."),
    backend: value(2, IngressBackend).required().doc("Where such requests go."),
  },
  {
    *validate({ path: target = "", pathType }, path) {
      if (!pathType) yield required(at(path, "pathType"), "pathType must be specified");
      if (pathType !== "ImplementationSpecific" || target !== "")
        yield* pathProblems(target, at(path, "path"));
    },
  },
);
export interface HTTPIngressPath extends Of<typeof HTTPIngressPath> {}

export const HTTPIngressRuleValue = struct("networking.v1.HTTPIngressRuleValue", {
  paths: list(1, HTTPIngressPath).required().atomic().notEmpty().doc("Where requests go by their path."),
});
export interface HTTPIngressRuleValue extends Of<typeof HTTPIngressRuleValue> {}

export const IngressTLS = struct(
  "networking.v1.IngressTLS",
  {
    hosts: list(1, string).atomic().doc("Hosts that the certificate is for."),
    secretName: string(2).doc("Secret with certificate and key."),
  },
  {
    *validate({ hosts, secretName }, path) {
      for (const [index, host] of (hosts ?? []).entries())
        yield* hostProblems(host, item(at(path, "hosts"), index));
      yield* namedIfSet(at(path, "secretName"), secretName, "dns-subdomain");
    },
  },
);
export interface IngressTLS extends Of<typeof IngressTLS> {}

export const IngressRuleValue = struct("networking.v1.IngressRuleValue", {
  http: ref(1, HTTPIngressRuleValue).doc("Rules for HTTP."),
});
export interface IngressRuleValue extends Of<typeof IngressRuleValue> {}

export const IngressRule = struct(
  "networking.v1.IngressRule",
  {
    host: string(1).doc("Host that the rule is for; * may stand for its first label."),
    ingressRuleValue: inline(2, IngressRuleValue),
  },
  {
    *validate({ host }, path) {
      if (host) yield* hostProblems(host, at(path, "host"));
    },
  },
);
export interface IngressRule extends Of<typeof IngressRule> {}

export const IngressSpec = struct(
  "networking.v1.IngressSpec",
  {
    ingressClassName: string(4).pointer().doc("Class that takes care of it."),
    defaultBackend: ref(1, IngressBackend).doc("Where requests go that no rule takes."),
    tls: list(2, IngressTLS).atomic().doc("Certificates by host."),
    rules: list(3, IngressRule).atomic().doc("Where requests go, by host and path."),
  },
  {
    *validate({ defaultBackend, rules, ingressClassName }, path) {
      if (!defaultBackend && (rules ?? []).length === 0)
        yield invalid(path, rules ?? [], "either `defaultBackend` or `rules` must be specified");
      yield* named(at(path, "ingressClassName"), ingressClassName, "dns-subdomain");
    },
  },
);
export interface IngressSpec extends Of<typeof IngressSpec> {}

export const IngressPortStatus = struct("networking.v1.IngressPortStatus", {
  port: int32(1).required().doc("Port number."),
  protocol: string(2).oneOf("TCP", "UDP", "SCTP").required().doc("TCP, UDP or SCTP."),
  error: string(3).pointer().doc("Why the port is not served."),
});
export interface IngressPortStatus extends Of<typeof IngressPortStatus> {}

export const IngressLoadBalancerIngress = struct(
  "networking.v1.IngressLoadBalancerIngress",
  {
    ip: string(1).doc("Address."),
    hostname: string(2).doc("Name, where there is no fixed address."),
    ports: list(4, IngressPortStatus).atomic().doc("Ports, and what is wrong with them."),
  },
  {
    *validate({ ip, hostname }, path) {
      if (ip) yield* ipAddress(at(path, "ip"), ip);
      yield* namedIfSet(at(path, "hostname"), hostname, "dns-subdomain");
    },
  },
);
export interface IngressLoadBalancerIngress extends Of<typeof IngressLoadBalancerIngress> {}

export const IngressLoadBalancerStatus = struct("networking.v1.IngressLoadBalancerStatus", {
  ingress: list(1, IngressLoadBalancerIngress).atomic().doc("Addresses of the load balancer."),
});
export interface IngressLoadBalancerStatus extends Of<typeof IngressLoadBalancerStatus> {}

export const IngressStatus = struct("networking.v1.IngressStatus", {
  loadBalancer: value(1, IngressLoadBalancerStatus).doc("Where the load balancer is reached."),
});
export interface IngressStatus extends Of<typeof IngressStatus> {}

const CLASS_ANNOTATION = "kubernetes.io/ingress.class";
const SHOWN_MAX = 3;

const hostsText = ({ rules }: IngressSpec): string => {
  const hosts = (rules ?? []).map(({ host }) => host || "*");
  return hosts.every((host) => host === "*")
    ? "*"
    : firstFew(
        hosts.filter((host) => host !== "*"),
        SHOWN_MAX,
      );
};

const addressText = ({ loadBalancer }: IngressStatus): string =>
  (loadBalancer.ingress ?? [])
    .map(({ ip, hostname }) => ip || hostname || "")
    .filter(Boolean)
    .join(",");

export const Ingress = resource({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  doc: "Leads HTTP requests from outside to services, by host and path.",
  plural: "ingresses",
  shortNames: ["ing"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: IngressSpec,
  status: IngressStatus,
  storagePrefix: "ingress",

  columns: [
    nameColumn,
    text(
      "Class",
      ({ metadata, spec }) => spec.ingressClassName ?? metadata.annotations?.[CLASS_ANNOTATION] ?? NONE,
    ),
    text("Hosts", ({ spec }) => hostsText(spec)),
    text("Address", ({ status }) => addressText(status)),
    text("Ports", ({ spec }) => (spec.tls ? "80, 443" : "80")),
    ageColumn,
  ],
  rules: {
    *validateCreate({ metadata, spec }) {
      const annotated = metadata.annotations?.[CLASS_ANNOTATION];
      if (annotated !== undefined && spec.ingressClassName !== undefined)
        yield invalid(
          `metadata.annotations.${CLASS_ANNOTATION}`,
          annotated,
          "can not be set when the class field is also set",
        );
    },
    *warnings({ metadata }) {
      if (metadata.annotations?.[CLASS_ANNOTATION] !== undefined)
        yield `annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`;
    },
  },
});
export interface Ingress extends Of<typeof Ingress> {}
