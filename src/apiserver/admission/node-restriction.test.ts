import assert from "node:assert/strict";
import { test } from "node:test";
import "reflect-metadata";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { CertificateSigningRequest } from "#api/certificates-v1/certificatesigningrequest";
import { Lease } from "#api/coordination-v1/lease";
import { Node } from "#api/core-v1/node";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import { ResourceSlice } from "#api/resource-v1/resourceslice";
import type { AnyObject, Resource } from "#machinery/schema";
import type { Admission, Authorizer, ReadCache } from "../contracts.ts";
import { nodeRestriction } from "./node-restriction.ts";

interface Named {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec?: { readonly nodeName: string };
}

const KNOWN: readonly (readonly [unknown, Named])[] = [
  [Node, { metadata: { name: "n1", uid: "u1" } }],
  [Pod, { metadata: { name: "mine", uid: "p1" }, spec: { nodeName: "n1" } }],
];
const cache = {
  get: (resource: Resource, _: string | undefined, name: string) =>
    KNOWN.find(([of, { metadata }]) => of === resource && metadata.name === name)?.[1],
} as unknown as ReadCache;
const authorizer: Authorizer = { authorize: () => ({ verdict: "allow", reason: "" }) };
const plugin = nodeRestriction(cache, authorizer);

interface Write extends Partial<Omit<Admission, "resource" | "object" | "old">> {
  readonly resource: unknown;
  readonly object?: object;
  readonly old?: object;
}

async function admit({ resource, ...write }: Write): Promise<string> {
  const user = { name: "system:node:n1", groups: ["system:nodes"] };
  const { name = "" } = ((write.object ?? write.old) as AnyObject | undefined)?.metadata ?? {};
  const admission = {
    operation: "CREATE",
    resource,
    subresource: "",
    namespace: "default",
    name,
    user,
    ...write,
  };
  if (!plugin.handles!(admission as Admission)) return "not asked";
  try {
    await plugin.admit!(admission as Admission);
    return "admitted";
  } catch (error) {
    return (error as Error).message.replace(/^.*? is forbidden: /, "");
  }
}

async function requestFor(commonName: string): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const name = `CN=${commonName},O=system:nodes`;
  const request = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm });
  return Buffer.from(request.toString("pem")).toString("base64");
}

async function expectAll(cases: readonly (readonly [Write, string])[]): Promise<void> {
  for (const [write, expected] of cases) {
    // oxlint-disable-next-line no-await-in-loop -- a table
    assert.equal(await admit(write), expected);
  }
}

const OWNER = { apiVersion: "v1", kind: "Node", name: "n1", uid: "u1", controller: true };
const mirror = (spec: object = {}, ...ownerReferences: readonly object[]): Write => ({
  resource: Pod,
  object: {
    metadata: { name: "m", annotations: { "kubernetes.io/config.mirror": "x" }, ownerReferences },
    spec: { nodeName: "n1", containers: [], ...spec },
  },
});

test("a node shows only pods of its own that reach nothing", async () => {
  const bundles = [{ name: "t", projected: { sources: [{ clusterTrustBundle: { path: "t" } }] } }];
  await expectAll([
    [mirror({}, OWNER), "admitted"],
    [mirror(), 'node "n1" can only create pods with an owner reference set to itself'],
    [mirror({}, OWNER, OWNER), 'node "n1" can only create pods with a single owner reference set to itself'],
    [
      mirror({}, { ...OWNER, controller: false }),
      'node "n1" can only create pods with a controller owner reference set to itself',
    ],
    [
      mirror({}, { ...OWNER, blockOwnerDeletion: true }),
      'node "n1" must not set blockOwnerDeletion on an owner reference',
    ],
    [mirror({}, { ...OWNER, uid: "u2" }), "node n1 UID mismatch: expected u2 got u1"],
    [mirror({ volumes: bundles }, OWNER), 'node "n1" can not create pods that reference clustertrustbundles'],
    [
      { resource: Pod, subresource: "resize", operation: "UPDATE", object: { metadata: { name: "mine" } } },
      "unexpected pod subresource \"resize\", only 'status' and 'eviction' are allowed",
    ],
    [{ resource: Pod, operation: "DELETE", name: "none" }, 'pods "none" not found'],
  ]);
});

test("a node tells how large a volume is, and no more of a claim", async () => {
  const claim = (more: object, labels = {}) => ({
    metadata: { name: "c", labels },
    spec: {},
    status: { phase: "Bound", ...more },
  });
  const write = { resource: PersistentVolumeClaim, subresource: "status", operation: "UPDATE" } as const;
  const refused =
    'node "n1" is not allowed to update fields other than status.capacity and status.conditions';
  await expectAll([
    [
      { ...write, old: claim({}), object: claim({ capacity: { storage: "2Gi" }, conditions: [] }) },
      "admitted",
    ],
    [{ ...write, old: claim({}), object: claim({ phase: "Lost" }) }, refused],
    [{ ...write, old: claim({}), object: claim({}, { a: "b" }) }, refused],
    [{ ...write, subresource: "", old: claim({}), object: claim({}) }, "may only update PVC status"],
  ]);
});

test("a node asks for certificates in its own name only", async () => {
  const [own, other] = await Promise.all([requestFor("system:node:n1"), requestFor("system:node:n2")]);
  const asking = (signer: string, request: string): Write => ({
    resource: CertificateSigningRequest,
    object: { metadata: { name: "csr" }, spec: { signerName: signer, request } },
  });
  await expectAll([
    [asking("kubernetes.io/kubelet-serving", own), "admitted"],
    [asking("kubernetes.io/kubelet-serving", other), "can only create a node CSR with CN=system:node:n1"],
    [
      asking("kubernetes.io/kube-apiserver-client-kubelet", other),
      "can only create a node CSR with CN=system:node:n1",
    ],
    [asking("example.com/other", other), "admitted"],
  ]);
});

test("leases, slices and tokens of a node", async () => {
  const lease: Write = { resource: Lease, object: { metadata: { name: "n1" } } };
  const slice = { resource: ResourceSlice, object: { metadata: { name: "s" }, spec: { nodeName: "n2" } } };
  const token = (uid: string): Write => ({
    resource: ServiceAccount,
    subresource: "token",
    object: { spec: { boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "mine", uid } } },
    name: "default",
  });
  await expectAll([
    [{ ...lease, namespace: "kube-node-lease" }, "admitted"],
    [lease, 'can only access leases in the "kube-node-lease" system namespace'],
    [slice, "can only create ResourceSlice with the same NodeName as the requesting node"],
    [token("p1"), "admitted"],
    [
      token("p2"),
      "the UID in the bound object reference (p2) does not match the UID in record. The object might have been deleted and then recreated",
    ],
    [{ ...lease, user: { name: "system:agent", groups: ["system:nodes"] } }, "not asked"],
    [
      { ...lease, user: { name: "system:node:", groups: ["system:nodes"] } },
      'could not determine node from user "system:node:"',
    ],
  ]);
});
