/** What the attacked server has around it: a node, an extension server and webhooks that misbehave, and policies. */
import type { Credentials } from "../../../src/testing/credentials.ts";
import { type Backends, backendObjects, backendStatus, startBackends } from "./backends.ts";
import { deceivingObjects } from "./deceived.ts";
import { type Liar, startLiar } from "./liar.ts";
import { type Misbehaving, jsonAnswer, startMisbehaving } from "./misbehaving.ts";
import { EXTENSION, HOOK, HOOKS, STREAMS } from "../names.ts";

const NODE = "broken";

const GROUP = { kind: "APIResourceList", apiVersion: "v1", groupVersion: `${EXTENSION}/v1` };
const THINGS = {
  name: "things",
  singularName: "thing",
  namespaced: true,
  kind: "Thing",
  verbs: ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"],
};
const DISCOVERY = `/apis/${EXTENSION}/v1`;

export interface Surroundings {
  readonly kubelet: Misbehaving;
  readonly extension: Misbehaving;
  readonly backends: Backends;
  readonly liar: Liar;
  /** To be created in this order. */
  readonly objects: readonly object[];
  /** Merged into the statuses of what is there by then: what nobody creates. */
  readonly nodeStatus: { readonly name: string; readonly status: object };
  readonly podStatus: { readonly name: string; readonly namespace: string; readonly status: object };
}

export async function startSurroundings(credentials: Credentials): Promise<Surroundings> {
  const [kubelet, extension, backends, liar] = await Promise.all([
    startMisbehaving({ ...credentials.kubelet(NODE, ["127.0.0.1"]), well: () => undefined }),
    startMisbehaving({
      ...credentials.serving(["127.0.0.1"]),
      well: ({ target }) => {
        if (target.startsWith("/openapi")) return jsonAnswer({});
        return target.split("?")[0] === DISCOVERY ? jsonAnswer({ ...GROUP, resources: [THINGS] }) : undefined;
      },
    }),
    startBackends(credentials),
    startLiar(credentials.serving(["127.0.0.1"])),
  ]);
  return {
    kubelet,
    extension,
    backends,
    liar,
    objects: [
      ...STREAMING,
      ...extensionAt(extension.port),
      ...hooksAt(extension.port, credentials),
      ...POLICIES,
      ...backendObjects(backends),
      ...deceivingObjects({ port: liar.port, authority: credentials.authority }),
    ],
    nodeStatus: {
      name: NODE,
      status: {
        addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
        daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
      },
    },
    podStatus: backendStatus(backends),
  };
}

const container = { name: "web", image: "registry.test/web:1" };

const STREAMING = [
  { apiVersion: "v1", kind: "Node", metadata: { name: NODE } },
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "pod", namespace: STREAMS },
    spec: { nodeName: NODE, containers: [container] },
  },
];

const extensionAt = (port: number) => [
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "extension", namespace: STREAMS },
    spec: { type: "ExternalName", externalName: "localhost", ports: [{ port }] },
  },
  {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: `v1.${EXTENSION}` },
    spec: {
      group: EXTENSION,
      version: "v1",
      groupPriorityMinimum: 100,
      versionPriority: 100,
      insecureSkipTLSVerify: true,
      service: { namespace: STREAMS, name: "extension", port },
    },
  },
];

/** Each object that carries the label of one is sent to it, whose answer is no answer. */
const hooksAt = (port: number, credentials: Credentials) => {
  const webhooks = Array.from({ length: HOOKS }, (_, number) => ({
    name: `hook-${number}.example.com`,
    clientConfig: {
      // Far enough apart to meet manners of all sorts.
      url: `https://127.0.0.1:${port}/hook/${number * 7}`,
      caBundle: Buffer.from(credentials.authority).toString("base64"),
    },
    rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["configmaps"] }],
    objectSelector: { matchLabels: { [HOOK]: String(number) } },
    timeoutSeconds: 1,
    failurePolicy: number % 2 === 0 ? "Ignore" : "Fail",
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
  }));
  return ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"].map((kind) => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name: "misbehaving" },
    webhooks,
  }));
};

const POLICIES = [
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: "curious" },
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        resourceRules: [
          { apiGroups: ["", "apps", "batch"], apiVersions: ["*"], operations: ["*"], resources: ["*"] },
        ],
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "fuzz" } },
      },
      matchConditions: [{ name: "object", expression: "request.operation != 'DELETE' && object != null" }],
      variables: [
        { name: "notes", expression: "object.?metadata.annotations.orValue({})" },
        { name: "labels", expression: "object.?metadata.labels.orValue({})" },
      ],
      validations: [
        { expression: "variables.notes.all(key, variables.notes[key].size() < 100000)", message: "too long" },
        {
          expression: "variables.labels.all(key, key.matches('^[^ ]*$'))",
          messageExpression: "'of ' + object.kind",
        },
        { expression: "!has(object.spec) || type(object.spec) == map", message: "no map" },
      ],
      auditAnnotations: [{ key: "labels", valueExpression: "string(variables.labels.size())" }],
    },
  },
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name: "curious" },
    spec: { policyName: "curious", validationActions: ["Warn", "Audit"] },
  },
];
