import { Condition } from "#api/meta-v1/condition";
import { bool, int32, intOrString, list, map, type Of, ref, string, struct, value } from "#machinery/schema";

export const ClientIPConfig = struct("core.v1.ClientIPConfig", {
  timeoutSeconds: int32(1).pointer().doc("How long a client stays with its pod, in seconds."),
});
export interface ClientIPConfig extends Of<typeof ClientIPConfig> {}

export const PortStatus = struct("core.v1.PortStatus", {
  port: int32(1).required().doc("Port number."),
  protocol: string(2).oneOf("TCP", "UDP", "SCTP").required().doc("TCP, UDP or SCTP."),
  error: string(3).pointer().doc("Why the port is not served."),
});
export interface PortStatus extends Of<typeof PortStatus> {}

export const LoadBalancerIngress = struct("core.v1.LoadBalancerIngress", {
  ip: string(1).doc("Address."),
  hostname: string(2).doc("Name, where there is no fixed address."),
  ipMode: string(3)
    .pointer()
    .oneOf("VIP", "Proxy")
    .doc("VIP or Proxy: whether packets arrive with the address of the load balancer."),
  ports: list(4, PortStatus).atomic().doc("Ports, and what is wrong with them."),
});
export interface LoadBalancerIngress extends Of<typeof LoadBalancerIngress> {}

export const LoadBalancerStatus = struct("core.v1.LoadBalancerStatus", {
  ingress: list(1, LoadBalancerIngress).atomic().doc("Addresses of the load balancer."),
});
export interface LoadBalancerStatus extends Of<typeof LoadBalancerStatus> {}

export const ServicePort = struct("core.v1.ServicePort", {
  name: string(1).doc("Unique name; needed with several ports."),
  protocol: string(2).oneOf("TCP", "UDP", "SCTP").default("TCP").doc("TCP, UDP or SCTP."),
  appProtocol: string(6).pointer().doc("What is spoken on it."),
  port: int32(3).required().doc("Port of the service."),
  targetPort: intOrString(4).always().doc("Port of the pods, by number or name."),
  nodePort: int32(5).doc("Port on every node that leads here."),
});
export interface ServicePort extends Of<typeof ServicePort> {}

export const SessionAffinityConfig = struct("core.v1.SessionAffinityConfig", {
  clientIP: ref(1, ClientIPConfig).doc("Settings for affinity by client address."),
});
export interface SessionAffinityConfig extends Of<typeof SessionAffinityConfig> {}

export const ServiceSpec = struct("core.v1.ServiceSpec", {
  ports: list(1, ServicePort).mergedBy("port", "protocol").doc("Ports that are offered."),
  selector: map(2, string)
    .atomic()
    .doc("Labels of the pods behind it; without it the endpoints are somebody else's work."),
  clusterIP: string(3).doc("Address inside the cluster; None for headless services."),
  clusterIPs: list(18, string).atomic().doc("Addresses inside the cluster, one per family."),
  type: string(4)
    .oneOf("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
    .default("ClusterIP")
    .doc("How far it can be reached."),
  externalIPs: list(5, string).atomic().doc("Further addresses for which nodes take traffic."),
  sessionAffinity: string(7)
    .oneOf("ClientIP", "None")
    .default("None")
    .doc("Whether a client stays with one pod."),
  loadBalancerIP: string(8).doc("Wanted address of the load balancer; not every one can."),
  loadBalancerSourceRanges: list(9, string).atomic().doc("Clients that the load balancer lets in."),
  externalName: string(10).doc("Name that lookups are sent on to."),
  externalTrafficPolicy: string(11)
    .oneOf("Cluster", "Local")
    .doc("Whether traffic from outside stays on the node it came to."),
  healthCheckNodePort: int32(12).doc("Port on which nodes tell the load balancer that they have pods."),
  publishNotReadyAddresses: bool(13).doc("Pods count as ready, whatever they say."),
  sessionAffinityConfig: ref(14, SessionAffinityConfig).doc("Settings of session affinity."),
  ipFamilies: list(19, string).atomic().doc("Families of its addresses, in order."),
  ipFamilyPolicy: string(17)
    .pointer()
    .oneOf("SingleStack", "PreferDualStack", "RequireDualStack")
    .doc("Whether one family is wanted, or both."),
  allocateLoadBalancerNodePorts: bool(20).pointer().doc("Whether load balancers get node ports."),
  loadBalancerClass: string(21).pointer().doc("Which load balancer takes care of it."),
  internalTrafficPolicy: string(22)
    .pointer()
    .oneOf("Cluster", "Local")
    .doc("Whether traffic from inside stays on its node."),
  trafficDistribution: string(23)
    .pointer()
    .oneOf("PreferClose", "PreferSameZone", "PreferSameNode")
    .doc("Which endpoints are preferred."),
});
export interface ServiceSpec extends Of<typeof ServiceSpec> {}

export const ServiceStatus = struct("core.v1.ServiceStatus", {
  loadBalancer: value(1, LoadBalancerStatus).doc("Where the load balancer is reached."),
  conditions: list(2, Condition).mergedBy("type").doc("What is known about its state, one entry per type."),
});
export interface ServiceStatus extends Of<typeof ServiceStatus> {}
