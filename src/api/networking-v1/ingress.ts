import { TypedLocalObjectReference } from "#api/core-v1/reference";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { inline, int32, list, type Of, ref, resource, string, struct, value } from "#machinery/schema";

export const ServiceBackendPort = struct(
  "networking.v1.ServiceBackendPort",
  {
    name: string(1),
    number: int32(2),
  },
  { atomic: true },
);
export interface ServiceBackendPort extends Of<typeof ServiceBackendPort> {}

export const IngressServiceBackend = struct("networking.v1.IngressServiceBackend", {
  name: string(1).required(),
  port: value(2, ServiceBackendPort),
});
export interface IngressServiceBackend extends Of<typeof IngressServiceBackend> {}

export const IngressBackend = struct("networking.v1.IngressBackend", {
  service: ref(4, IngressServiceBackend),
  resource: ref(3, TypedLocalObjectReference),
});
export interface IngressBackend extends Of<typeof IngressBackend> {}

export const HTTPIngressPath = struct("networking.v1.HTTPIngressPath", {
  path: string(1),
  pathType: string(3).pointer().required(),
  backend: value(2, IngressBackend).required(),
});
export interface HTTPIngressPath extends Of<typeof HTTPIngressPath> {}

export const HTTPIngressRuleValue = struct("networking.v1.HTTPIngressRuleValue", {
  paths: list(1, HTTPIngressPath).required().atomic(),
});
export interface HTTPIngressRuleValue extends Of<typeof HTTPIngressRuleValue> {}

export const IngressTLS = struct("networking.v1.IngressTLS", {
  hosts: list(1, string).atomic(),
  secretName: string(2),
});
export interface IngressTLS extends Of<typeof IngressTLS> {}

export const IngressRuleValue = struct("networking.v1.IngressRuleValue", {
  http: ref(1, HTTPIngressRuleValue),
});
export interface IngressRuleValue extends Of<typeof IngressRuleValue> {}

export const IngressRule = struct("networking.v1.IngressRule", {
  host: string(1),
  ingressRuleValue: inline(2, IngressRuleValue),
});
export interface IngressRule extends Of<typeof IngressRule> {}

export const IngressSpec = struct("networking.v1.IngressSpec", {
  ingressClassName: string(4).pointer(),
  defaultBackend: ref(1, IngressBackend),
  tls: list(2, IngressTLS).atomic(),
  rules: list(3, IngressRule).atomic(),
});
export interface IngressSpec extends Of<typeof IngressSpec> {}

export const IngressPortStatus = struct("networking.v1.IngressPortStatus", {
  port: int32(1).required(),
  protocol: string(2).oneOf("TCP", "UDP", "SCTP").required(),
  error: string(3).pointer(),
});
export interface IngressPortStatus extends Of<typeof IngressPortStatus> {}

export const IngressLoadBalancerIngress = struct("networking.v1.IngressLoadBalancerIngress", {
  ip: string(1),
  hostname: string(2),
  ports: list(4, IngressPortStatus).atomic(),
});
export interface IngressLoadBalancerIngress extends Of<typeof IngressLoadBalancerIngress> {}

export const IngressLoadBalancerStatus = struct("networking.v1.IngressLoadBalancerStatus", {
  ingress: list(1, IngressLoadBalancerIngress).atomic(),
});
export interface IngressLoadBalancerStatus extends Of<typeof IngressLoadBalancerStatus> {}

export const IngressStatus = struct("networking.v1.IngressStatus", {
  loadBalancer: value(1, IngressLoadBalancerStatus),
});
export interface IngressStatus extends Of<typeof IngressStatus> {}

export const Ingress = resource({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  plural: "ingresses",
  shortNames: ["ing"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: IngressSpec,
  status: IngressStatus,
  storagePrefix: "ingress",
});
export interface Ingress extends Of<typeof Ingress> {}
