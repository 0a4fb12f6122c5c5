/** Requests that lead to the liar: it is asked about their objects, their holders, their rights and their versions. */
import type { Random } from "#base/random";
import { ASKER, BELIEVER, LIED, liedGroup } from "../peers/deceived.ts";
import { signedToken } from "../peers/issuer.ts";
import { VALID } from "../objects.ts";
import { asBody } from "./cbor.ts";
import { chance, pick } from "./choices.ts";
import type { Made } from "./request.ts";

const numbered = (random: Random): string => `n${random.below(1_000_000)}n`;

/** Kinds whose objects harm nobody when they come by the hundred. */
const ADMITTED = VALID.filter(({ kind }) => kind !== "ResourceQuota" && kind !== "LimitRange");
const PLURALS: Readonly<Record<string, string>> = {
  Ingress: "ingresses",
  NetworkPolicy: "networkpolicies",
  Endpoints: "endpoints",
  CSIStorageCapacity: "csistoragecapacities",
};
const pathOf = (apiVersion: string, kind: string): string =>
  `${apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`}/namespaces/fuzz/${PLURALS[kind] ?? `${kind.toLowerCase()}s`}`;

/** Objects that admission webhooks change, or refuse, or answer nonsense about. */
export const admitted = (random: Random): Made => {
  const made = written(random);
  return { ...made, headers: { ...made.headers, authorization: `Bearer ${BELIEVER}` }, mayFail: true };
};

function written(random: Random): Made {
  const { metadata, ...rest } = pick(random, ADMITTED);
  const path = pathOf(rest.apiVersion, rest.kind);
  const labels = { app: "web", [LIED]: "yes" };
  const annotations = { number: numbered(random) };
  const method = pick(random, ["POST", "POST", "PUT", "PATCH", "DELETE"]);
  const name =
    method === "POST" ? `l${random.below(30)}` : pick(random, [metadata.name, `l${random.below(30)}`]);
  const object = { ...rest, metadata: { name, labels, annotations } };
  const query = pick(random, ["", "?dryRun=All", "?fieldValidation=Strict"]);
  if (method === "POST") return { method, path: `${path}${query}`, ...asBody(random, object) };
  const headers = {
    "content-type": pick(random, ["application/merge-patch+json", "application/strategic-merge-patch+json"]),
  };
  const named = `${path}/${name}${pick(random, ["", "", "", "/status"])}`;
  if (method === "DELETE") return { method, path: `${path}/${name}` };
  if (method === "PATCH")
    return { method, path: named, ...asJson({ metadata: { labels, annotations } }), headers };
  return { method, path: `${named}${query}`, ...asBody(random, object) };
}

const asJson = (value: unknown): { readonly body: Uint8Array } => ({
  body: new TextEncoder().encode(JSON.stringify(value)),
});

/** Whom a token is said to belong to. */
export const believedToken = (random: Random): Made => ({
  path: pick(random, ["/api/v1/namespaces/fuzz/configmaps/none", "/apis", "/api/v1/pods?limit=1"]),
  headers: {
    authorization: `Bearer ${chance(random, 0.8) ? signedToken(random) : numbered(random)}`,
    ...(chance(random, 0.1) ? { "impersonate-user": "a" } : {}),
  },
});

/** What somebody may do is said by a webhook. */
export const judgedElsewhere = (random: Random): Made => ({
  path: pick(random, [
    `/api/v1/namespaces/fuzz/configmaps/${numbered(random)}`,
    `/api/v1/namespaces/fuzz/configmaps?labelSelector=${numbered(random)}`,
    `/${numbered(random)}`,
    `/apis/apps/v1/namespaces/${numbered(random)}/deployments?fieldSelector=metadata.name%3Da`,
  ]),
  headers: { authorization: `Bearer ${ASKER}` },
  mayFail: true,
});

/** Objects that have to be converted on their way in, out or along. */
export const converted = (random: Random): Made => ({ ...ofVersions(random), mayFail: true });

function ofVersions(random: Random): Made {
  const version = pick(random, ["v1", "v2", "v2"]);
  const root = `/apis/example.com/${version}/namespaces/fuzz/lies`;
  const name = `lie-${random.below(6)}`;
  const lie = {
    apiVersion: `example.com/${version}`,
    kind: "Lie",
    metadata: { name, labels: { a: numbered(random) } },
    spec: { note: numbered(random), size: random.below(5) },
  };
  const method = pick(random, ["POST", "POST", "PUT", "PATCH", "GET", "GET", "DELETE", "CLEAR"]);
  switch (method) {
    case "CLEAR":
      return {
        method: "DELETE",
        path: `/apis/example.com/${pick(random, ["v1", "v1", "v2"])}/namespaces/fuzz/lies`,
      };
    case "POST":
      return { method, path: root, ...asBody(random, lie) };
    case "GET":
      return {
        path: `${root}${pick(random, ["", `/${name}`, "?limit=2", "?watch=1&timeoutSeconds=1", "?resourceVersion=0"])}`,
        headers: {
          accept: pick(random, ["application/json", "application/json;as=Table;v=v1;g=meta.k8s.io"]),
        },
      };
    case "PATCH":
      return {
        method,
        path: `${root}/${name}${pick(random, ["", "/status"])}?fieldManager=me`,
        ...asJson(lie),
        headers: {
          "content-type": pick(random, ["application/apply-patch+yaml", "application/merge-patch+json"]),
        },
      };
    case "DELETE":
      return { method, path: `${root}/${name}` };
    default:
      return { method, path: `${root}/${name}${pick(random, ["", "/status"])}`, ...asBody(random, lie) };
  }
}

/** Documents that are put together from what extension servers say, and requests for them. */
export const extended = (random: Random): Made => {
  const group = liedGroup(random.below(8));
  return {
    method: pick(random, ["GET", "GET", "POST"]),
    path: pick(random, [
      "/apis",
      "/openapi/v2",
      "/openapi/v3",
      `/apis/${group}`,
      `/apis/${group}/v1`,
      `/openapi/v3/apis/${group}/v1`,
      `/apis/${group}/v1/namespaces/fuzz/things/${numbered(random)}`,
      `/apis/${group}/v1/things?watch=1&x=${numbered(random)}`,
    ]),
    headers: {
      accept: pick(random, [
        "application/json",
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
        "application/com.github.proto-openapi.spec.v3.v1.0+protobuf",
      ]),
    },
    mayFail: true,
  };
};
