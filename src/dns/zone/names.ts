/** What a name in the cluster's zone asks about, by its labels alone. */
import { formatIp, parseIp } from "#base/ip";

export type Asked =
  /** Not the cluster's business. */
  | { readonly what: "elsewhere" }
  | { readonly what: "apex" | "version" | "nameserver" | "empty" | "nothing" }
  | { readonly what: "namespace"; readonly namespace: string }
  | { readonly what: "pod"; readonly namespace: string; readonly address: string }
  | { readonly what: "service"; readonly namespace: string; readonly service: string }
  | { readonly what: "host"; readonly namespace: string; readonly service: string; readonly host: string }
  /** A port, or all ports of a protocol, of which only the existence of the name is asked. */
  | {
      readonly what: "port";
      readonly namespace: string;
      readonly service: string;
      readonly protocol: string;
      readonly port: string | undefined;
    }
  | { readonly what: "reverse"; readonly address: string };

/** `labels` are in small letters, first to last; `zone` likewise. */
export function readName(labels: readonly string[], zone: readonly string[]): Asked {
  const own = labels.length - zone.length;
  if (own < 0 || !zone.every((label, index) => labels[own + index] === label)) return readReverse(labels);
  const rest = labels.slice(0, own);
  switch (rest.at(-1)) {
    case undefined:
      return { what: "apex" };
    case "svc":
      return readService(rest);
    case "pod":
      return readPod(rest);
    case "dns-version":
      return rest.length === 1 ? { what: "version" } : { what: "nothing" };
    case "dns":
      if (rest.length === 1) return { what: "empty" };
      return rest.length === 2 && rest[0] === "ns" ? { what: "nameserver" } : { what: "nothing" };
    default:
      return { what: "nothing" };
  }
}

/** `[[_port.]_protocol.|host.]service.namespace.svc` */
function readService(rest: readonly string[]): Asked {
  const [namespace, service] = [rest.at(-2), rest.at(-3)];
  if (namespace === undefined) return { what: "empty" };
  if (service === undefined) return { what: "namespace", namespace };
  const before = rest.slice(0, -3);
  const [first = "", second = ""] = before;
  if (before.length === 0) return { what: "service", namespace, service };
  if (before.length === 1 && !first.startsWith("_")) return { what: "host", namespace, service, host: first };
  const labels = before.length === 1 ? [undefined, first] : [first, second];
  const [port, protocol] = labels as [string | undefined, string];
  if (before.length > 2 || !protocol.startsWith("_") || port?.startsWith("_") === false)
    return { what: "nothing" };
  return { what: "port", namespace, service, protocol: protocol.slice(1), port: port?.slice(1) };
}

/** `a-b-c-d.namespace.pod` */
function readPod(rest: readonly string[]): Asked {
  const [namespace, text] = [rest.at(-2), rest.at(-3)];
  if (namespace === undefined) return { what: "empty" };
  if (text === undefined) return { what: "namespace", namespace };
  const dashes = text.split("-").length - 1;
  const address =
    dashes === 3 && !text.includes("--") ? text.replaceAll("-", ".") : text.replaceAll("-", ":");
  const known = rest.length === 3 && parseIp(address) !== undefined;
  return known ? { what: "pod", namespace, address } : { what: "nothing" };
}

function readReverse(labels: readonly string[]): Asked {
  const address =
    labels.at(-1) !== "arpa"
      ? undefined
      : labels.at(-2) === "in-addr"
        ? fromOctets(labels)
        : labels.at(-2) === "ip6"
          ? fromNibbles(labels)
          : undefined;
  return address === undefined ? { what: "elsewhere" } : { what: "reverse", address };
}

function fromOctets(labels: readonly string[]): string | undefined {
  const address = labels.slice(0, -2).toReversed().join(".");
  return parseIp(address) === undefined ? undefined : address;
}

function fromNibbles(labels: readonly string[]): string | undefined {
  const nibbles = labels.slice(0, -2).toReversed();
  if (nibbles.length !== 32 || !nibbles.every((nibble) => /^[0-9a-f]$/.test(nibble))) return undefined;
  return formatIp("ipv6", BigInt(`0x${nibbles.join("")}`));
}
