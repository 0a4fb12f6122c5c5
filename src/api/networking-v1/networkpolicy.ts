import { ageColumn, nameColumn, selectorText, text } from "#api/columns";
import { portNumberOrName, portNumber } from "#api/checks";
import { cidrHas, formatIp, parseCidr } from "#base/ip";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  at,
  forbidden,
  int32,
  intOrString,
  invalid,
  item,
  list,
  notSupported,
  type Of,
  ref,
  required,
  resource,
  string,
  struct,
  value,
} from "#machinery/schema";

export const IPBlock = struct(
  "networking.v1.IPBlock",
  {
    cidr: string(1).required().notEmpty().doc("Range of addresses."),
    except: list(2, string).atomic().doc("Parts of the range that are left out."),
  },
  {
    *validate({ cidr, except }, path) {
      const block = parseCidr(cidr);
      if (!block) {
        if (cidr !== "") yield invalid(at(path, "cidr"), cidr, "not a valid CIDR");
        return;
      }
      for (const [index, part] of (except ?? []).entries()) {
        const where = item(at(path, "except"), index);
        const inner = parseCidr(part);
        if (!inner) yield invalid(where, part, "not a valid CIDR");
        else if (inner.prefix <= block.prefix || !cidrHas(block, formatIp(inner.family, inner.first)))
          yield invalid(where, part, "must be a strict subset of `cidr`");
      }
    },
  },
);
export interface IPBlock extends Of<typeof IPBlock> {}

export const NetworkPolicyPort = struct(
  "networking.v1.NetworkPolicyPort",
  {
    protocol: string(1).pointer().oneOf("TCP", "UDP", "SCTP").default("TCP").doc("TCP, UDP or SCTP."),
    port: intOrString(2).pointer().doc("Number or name of the port; all without it."),
    endPort: int32(3).pointer().doc("Last port of a range that begins with port."),
  },
  {
    *validate({ port, endPort }, path) {
      if (port !== undefined) yield* portNumberOrName(at(path, "port"), port);
      if (endPort === undefined) return;
      const where = at(path, "endPort");
      if (port === undefined) yield required(where, "may not be specified when `port` is not specified");
      else if (typeof port === "string")
        yield invalid(where, endPort, "may not be specified when `port` is non-numeric");
      else {
        if (endPort < port) yield invalid(where, endPort, "must be greater than or equal to `port`");
        yield* portNumber(where, endPort);
      }
    },
  },
);
export interface NetworkPolicyPort extends Of<typeof NetworkPolicyPort> {}

export const NetworkPolicyPeer = struct(
  "networking.v1.NetworkPolicyPeer",
  {
    podSelector: ref(1, LabelSelector).doc("Pods, by label."),
    namespaceSelector: ref(2, LabelSelector).doc("Namespaces of the pods, by label."),
    ipBlock: ref(3, IPBlock).doc("A range of addresses."),
  },
  {
    *validate({ podSelector, namespaceSelector, ipBlock }, path) {
      if (!podSelector && !namespaceSelector && !ipBlock) yield required(path, "must specify a peer");
      if (ipBlock && (podSelector || namespaceSelector))
        yield forbidden(path, "may not specify both ipBlock and another peer");
    },
  },
);
export interface NetworkPolicyPeer extends Of<typeof NetworkPolicyPeer> {}

export const NetworkPolicyIngressRule = struct("networking.v1.NetworkPolicyIngressRule", {
  ports: list(1, NetworkPolicyPort).atomic().doc("Ports that may be reached; empty for all."),
  from: list(2, NetworkPolicyPeer).atomic().doc("Who may reach them; empty for everybody."),
});
export interface NetworkPolicyIngressRule extends Of<typeof NetworkPolicyIngressRule> {}

export const NetworkPolicyEgressRule = struct("networking.v1.NetworkPolicyEgressRule", {
  ports: list(1, NetworkPolicyPort).atomic().doc("Ports that may be reached; empty for all."),
  to: list(2, NetworkPolicyPeer).atomic().doc("Whom the pods may reach; empty for everybody."),
});
export interface NetworkPolicyEgressRule extends Of<typeof NetworkPolicyEgressRule> {}

export const NetworkPolicySpec = struct("networking.v1.NetworkPolicySpec", {
  podSelector: value(1, LabelSelector).doc("Pods it is about."),
  ingress: list(2, NetworkPolicyIngressRule).atomic().doc("What may come in."),
  egress: list(3, NetworkPolicyEgressRule).atomic().doc("What may go out."),
  policyTypes: list(4, string).atomic().doc("Whether it is about ingress, egress or both."),
});
export interface NetworkPolicySpec extends Of<typeof NetworkPolicySpec> {}

export const NetworkPolicy = resource({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  doc: "Which traffic pods take and send.",
  plural: "networkpolicies",
  shortNames: ["netpol"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: NetworkPolicySpec,
  counted: true,

  columns: [nameColumn, text("Pod-Selector", ({ spec }) => selectorText(spec.podSelector)), ageColumn],
  rules: {
    defaults(policy) {
      const { spec } = policy;
      if (spec.policyTypes && spec.policyTypes.length > 0) return policy;
      const policyTypes = (spec.egress ?? []).length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
      return { ...policy, spec: { ...spec, policyTypes } };
    },
    *validate({ spec: { policyTypes = [] } }) {
      const path = "spec.policyTypes";
      if (policyTypes.length > 2)
        yield invalid(path, policyTypes, "may not specify more than two policyTypes");
      else
        for (const [index, type] of policyTypes.entries())
          if (type !== "Ingress" && type !== "Egress")
            yield notSupported(item(path, index), type, ["Egress", "Ingress"]);
    },
  },
});
export interface NetworkPolicy extends Of<typeof NetworkPolicy> {}
