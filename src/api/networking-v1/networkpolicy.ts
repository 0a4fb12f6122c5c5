import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, intOrString, list, type Of, ref, resource, string, struct, value } from "#machinery/schema";

export const IPBlock = struct("networking.v1.IPBlock", {
  cidr: string(1).required(),
  except: list(2, string).atomic(),
});
export interface IPBlock extends Of<typeof IPBlock> {}

export const NetworkPolicyPort = struct("networking.v1.NetworkPolicyPort", {
  protocol: string(1).pointer().oneOf("TCP", "UDP", "SCTP").default("TCP"),
  port: intOrString(2).pointer(),
  endPort: int32(3).pointer(),
});
export interface NetworkPolicyPort extends Of<typeof NetworkPolicyPort> {}

export const NetworkPolicyPeer = struct("networking.v1.NetworkPolicyPeer", {
  podSelector: ref(1, LabelSelector),
  namespaceSelector: ref(2, LabelSelector),
  ipBlock: ref(3, IPBlock),
});
export interface NetworkPolicyPeer extends Of<typeof NetworkPolicyPeer> {}

export const NetworkPolicyIngressRule = struct("networking.v1.NetworkPolicyIngressRule", {
  ports: list(1, NetworkPolicyPort).atomic(),
  from: list(2, NetworkPolicyPeer).atomic(),
});
export interface NetworkPolicyIngressRule extends Of<typeof NetworkPolicyIngressRule> {}

export const NetworkPolicyEgressRule = struct("networking.v1.NetworkPolicyEgressRule", {
  ports: list(1, NetworkPolicyPort).atomic(),
  to: list(2, NetworkPolicyPeer).atomic(),
});
export interface NetworkPolicyEgressRule extends Of<typeof NetworkPolicyEgressRule> {}

export const NetworkPolicySpec = struct("networking.v1.NetworkPolicySpec", {
  podSelector: value(1, LabelSelector),
  ingress: list(2, NetworkPolicyIngressRule).atomic(),
  egress: list(3, NetworkPolicyEgressRule).atomic(),
  policyTypes: list(4, string).atomic(),
});
export interface NetworkPolicySpec extends Of<typeof NetworkPolicySpec> {}

export const NetworkPolicy = resource({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  plural: "networkpolicies",
  shortNames: ["netpol"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: NetworkPolicySpec,
  counted: true,
});
export interface NetworkPolicy extends Of<typeof NetworkPolicy> {}
