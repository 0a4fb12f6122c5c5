import { named, namedIfSet, unchanged } from "#api/checks";
import { nameColumn, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { canonicalIp, familyOf } from "#base/ip";
import {
  type FieldProblem,
  invalid,
  type Of,
  ref,
  required,
  resource,
  string,
  struct,
} from "#machinery/schema";

export const ParentReference = struct("networking.v1.ParentReference", {
  group: string(1).doc("Group of the object."),
  resource: string(2).required().omitEmpty().doc("Resource of the object."),
  namespace: string(3).doc("Namespace of the object."),
  name: string(4).required().omitEmpty().doc("Name of the object."),
});
export interface ParentReference extends Of<typeof ParentReference> {}

export const IPAddressSpec = struct("networking.v1.IPAddressSpec", {
  parentRef: ref(1, ParentReference).required().omitEmpty().doc("The object that has the address."),
});
export interface IPAddressSpec extends Of<typeof IPAddressSpec> {}

const FAMILY_LABEL = "ipaddress.kubernetes.io/ip-family";
const MANAGER_LABEL = "ipaddress.kubernetes.io/managed-by";
/** Who gives services their addresses: the API server. */
const SERVICES_MANAGER = "ipallocator.k8s.io";

/** What the server writes on an address that it gives to a service. */
export const serviceAddressLabels = (address: string): Readonly<Record<string, string>> => ({
  [FAMILY_LABEL]: familyOf(address) === "ipv4" ? "IPv4" : "IPv6",
  [MANAGER_LABEL]: SERVICES_MANAGER,
});

interface Labelled {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

/** Did the server give it to a service? What others put down is theirs to look after. */
export const isServiceAddress = ({ metadata }: Labelled): boolean =>
  metadata.labels?.[MANAGER_LABEL] === SERVICES_MANAGER;

/** Does it say of itself what the server writes on addresses of services? */
export const hasServiceAddressLabels = ({ metadata }: Labelled): boolean =>
  Object.entries(serviceAddressLabels(metadata.name)).every(
    ([label, value]) => metadata.labels?.[label] === value,
  );

export const IPAddress = resource({
  apiVersion: "networking.k8s.io/v1",
  kind: "IPAddress",
  doc: "An address that is in use.",
  plural: "ipaddresses",
  shortNames: ["ip"],
  namespaced: false,
  metadata: ObjectMeta,
  nameFormat: "path-segment",
  spec: IPAddressSpec,

  columns: [
    nameColumn,
    text("ParentRef", ({ spec: { parentRef } }) => {
      if (!parentRef) return "";
      const { group, resource: plural, namespace, name } = parentRef;
      const of = group ? `${plural}.${group}` : plural;
      return [of, namespace, name].filter(Boolean).join("/");
    }),
  ],
  rules: {
    validate: addressProblems,
    validateUpdate: addressUpdateProblems,
  },
});

interface Unvalidated {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly parentRef?: ParentReference };
}

/** Of every version. */
export function* addressProblems({ metadata, spec: { parentRef } }: Unvalidated): Iterable<FieldProblem> {
  const { name } = metadata;
  const canonical = canonicalIp(name);
  if (name !== "" && canonical === undefined) yield invalid("metadata.name", name, NO_ADDRESS);
  else if (canonical !== undefined && canonical !== name)
    yield invalid("metadata.name", name, `must be in canonical form ("${canonical}")`);
  if (parentRef) yield* problemsOfParent(parentRef);
  else yield required("spec.parentRef");
}

/** Of every version. */
export function addressUpdateProblems({ spec }: Unvalidated, old: Unvalidated): Iterable<FieldProblem> {
  return unchanged("spec.parentRef", spec.parentRef, old.spec.parentRef);
}

const NO_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

function* problemsOfParent({
  group,
  resource: plural,
  namespace,
  name,
}: ParentReference): Iterable<FieldProblem> {
  const path = "spec.parentRef";
  yield* namedIfSet(`${path}.group`, group, "dns-subdomain");
  if (plural) yield* named(`${path}.resource`, plural, "path-segment");
  else yield required(`${path}.resource`);
  yield* namedIfSet(`${path}.namespace`, namespace, "path-segment");
  if (name) yield* named(`${path}.name`, name, "path-segment");
  else yield required(`${path}.name`);
}

export interface IPAddress extends Of<typeof IPAddress> {}
