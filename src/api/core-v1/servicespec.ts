import { Condition } from "#api/meta-v1/condition";
import { bool, int32, intOrString, list, map, type Of, ref, string, struct, value } from "#machinery/schema";

export const ClientIPConfig = struct("core.v1.ClientIPConfig", {
  timeoutSeconds: int32(1).pointer(),
});
export interface ClientIPConfig extends Of<typeof ClientIPConfig> {}

export const PortStatus = struct("core.v1.PortStatus", {
  port: int32(1).required(),
  protocol: string(2).oneOf("TCP", "UDP", "SCTP").required(),
  error: string(3).pointer(),
});
export interface PortStatus extends Of<typeof PortStatus> {}

export const LoadBalancerIngress = struct("core.v1.LoadBalancerIngress", {
  ip: string(1),
  hostname: string(2),
  ipMode: string(3).pointer().oneOf("VIP", "Proxy"),
  ports: list(4, PortStatus).atomic(),
});
export interface LoadBalancerIngress extends Of<typeof LoadBalancerIngress> {}

export const LoadBalancerStatus = struct("core.v1.LoadBalancerStatus", {
  ingress: list(1, LoadBalancerIngress).atomic(),
});
export interface LoadBalancerStatus extends Of<typeof LoadBalancerStatus> {}

export const ServicePort = struct("core.v1.ServicePort", {
  name: string(1),
  protocol: string(2).oneOf("TCP", "UDP", "SCTP").default("TCP"),
  appProtocol: string(6).pointer(),
  port: int32(3).required(),
  targetPort: intOrString(4).always(),
  nodePort: int32(5),
});
export interface ServicePort extends Of<typeof ServicePort> {}

export const SessionAffinityConfig = struct("core.v1.SessionAffinityConfig", {
  clientIP: ref(1, ClientIPConfig),
});
export interface SessionAffinityConfig extends Of<typeof SessionAffinityConfig> {}

export const ServiceSpec = struct("core.v1.ServiceSpec", {
  ports: list(1, ServicePort).mergedBy("port", "protocol"),
  selector: map(2, string).atomic(),
  clusterIP: string(3),
  clusterIPs: list(18, string).atomic(),
  type: string(4).oneOf("ClusterIP", "NodePort", "LoadBalancer", "ExternalName").default("ClusterIP"),
  externalIPs: list(5, string).atomic(),
  sessionAffinity: string(7).oneOf("ClientIP", "None").default("None"),
  loadBalancerIP: string(8),
  loadBalancerSourceRanges: list(9, string).atomic(),
  externalName: string(10),
  externalTrafficPolicy: string(11).oneOf("Cluster", "Local"),
  healthCheckNodePort: int32(12),
  publishNotReadyAddresses: bool(13),
  sessionAffinityConfig: ref(14, SessionAffinityConfig),
  ipFamilies: list(19, string).atomic(),
  ipFamilyPolicy: string(17).pointer().oneOf("SingleStack", "PreferDualStack", "RequireDualStack"),
  allocateLoadBalancerNodePorts: bool(20).pointer(),
  loadBalancerClass: string(21).pointer(),
  internalTrafficPolicy: string(22).pointer().oneOf("Cluster", "Local"),
  trafficDistribution: string(23).pointer().oneOf("PreferClose", "PreferSameZone", "PreferSameNode"),
});
export interface ServiceSpec extends Of<typeof ServiceSpec> {}

export const ServiceStatus = struct("core.v1.ServiceStatus", {
  loadBalancer: value(1, LoadBalancerStatus),
  conditions: list(2, Condition).mergedBy("type"),
});
export interface ServiceStatus extends Of<typeof ServiceStatus> {}
