/** Turns away nodes where a host port of the pod is taken. */
import { hostPortsOf } from "../placed-pod.ts";
import { fits, indifferent, plugin, rejected } from "../plugin.ts";

const ANY = "0.0.0.0";

export const nodePorts = plugin<readonly string[]>({
  name: "NodePorts",
  prepare(pod) {
    const ports = hostPortsOf(pod);
    return ports.length === 0 ? indifferent : ports;
  },
  filter(wanted, node) {
    for (const used of node.portsInUse) {
      if (wanted.some((port) => clash(port, used)))
        return rejected(["node(s) didn't have free ports for the requested pod ports"]);
    }
    return fits;
  },
  wakesOn: [
    { kind: "Node", change: "added" },
    { kind: "Pod", change: "deleted" },
  ],
});

function clash(one: string, other: string): boolean {
  const [protocol, ip, port] = one.split("/");
  const [otherProtocol, otherIp, otherPort] = other.split("/");
  return (
    protocol === otherProtocol && port === otherPort && (ip === otherIp || ip === ANY || otherIp === ANY)
  );
}
