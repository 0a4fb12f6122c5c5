/** Everything by which the attacked server believes the liar: objects in it, and files that it starts with. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AuditSink } from "#apiserver/audit/audit-log";
import { AuditMetrics } from "#apiserver/audit/audit-metrics";
import { Delivery } from "#apiserver/audit/delivery";
import { AuditWebhook } from "#apiserver/audit/webhook";
import type { SecurityOptions } from "#apiserver/security";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import type { Scope } from "#base/scope";
import { emptyKubeconfig, formatKubeconfig, withContext } from "#client/kubeconfig";
import { AUDIENCE, ISSUERS, issuerUrl } from "./issuer.ts";
import { EXTENSION, STREAMS } from "../names.ts";

/** The label of objects that its admission webhooks are asked about. */
export const LIED = "lied";
/** Whoever has this name is judged by its authorization webhook. */
export const ASKER = "asker";
/** Only what this one writes is shown to its admission webhooks: nobody else has to bear with them. */
export const BELIEVER = "believer";
/** Extension servers whose documents it makes up. */
const GROUPS = 6;
export const liedGroup = (number: number): string => `lie-${number}.${EXTENSION}`;

export interface Believed {
  readonly port: number;
  /** PEM of who has issued its certificate. */
  readonly authority: string;
}

/** To be created in this order. */
export const deceivingObjects = ({ port, authority }: Believed): readonly object[] => {
  const caBundle = Buffer.from(authority).toString("base64");
  const clientConfig = (path: string) => ({ url: `https://127.0.0.1:${port}/${path}`, caBundle });
  return [
    ...hooks(clientConfig),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "liar", namespace: STREAMS },
      spec: { type: "ExternalName", externalName: "localhost", ports: [{ port }] },
    },
    ...Array.from({ length: GROUPS }, (_, number) => extension(liedGroup(number), port)),
    definition(clientConfig("convert")),
  ];
};

function hooks(clientConfig: (path: string) => object): object[] {
  const webhook = (path: string, failurePolicy: string) => ({
    name: `${failurePolicy.toLowerCase()}.lies.example.com`,
    clientConfig: clientConfig(path),
    rules: [
      { apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"], scope: "Namespaced" },
    ],
    objectSelector: { matchLabels: { [LIED]: "yes" } },
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "fuzz" } },
    matchConditions: [{ name: "believer", expression: `request.userInfo.username == "${BELIEVER}"` }],
    timeoutSeconds: 1,
    failurePolicy,
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
  });
  const configured = (kind: string, path: string, more: object) => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name: "lies" },
    webhooks: ["Fail", "Ignore"].map((policy) => ({ ...webhook(path, policy), ...more })),
  });
  return [
    configured("MutatingWebhookConfiguration", "admit", { reinvocationPolicy: "IfNeeded" }),
    configured("ValidatingWebhookConfiguration", "validate", {}),
  ];
}

const extension = (group: string, port: number): object => ({
  apiVersion: "apiregistration.k8s.io/v1",
  kind: "APIService",
  metadata: { name: `v1.${group}` },
  spec: {
    group,
    version: "v1",
    groupPriorityMinimum: 100,
    versionPriority: 100,
    insecureSkipTLSVerify: true,
    service: { namespace: STREAMS, name: "liar", port },
  },
});

/** Two versions that only the webhook can make into one another. */
function definition(clientConfig: object): object {
  const schema = {
    openAPIV3Schema: {
      type: "object",
      properties: {
        spec: {
          type: "object",
          properties: { note: { type: "string" }, size: { type: "integer", default: 1 } },
        },
        status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    },
  };
  const version = (name: string, storage: boolean) => ({
    name,
    served: true,
    storage,
    schema,
    subresources: { status: {} },
  });
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "lies.example.com" },
    spec: {
      group: "example.com",
      names: { plural: "lies", singular: "lie", kind: "Lie", listKind: "LieList" },
      scope: "Namespaced",
      versions: [version("v1", true), version("v2", false)],
      conversion: { strategy: "Webhook", webhook: { clientConfig, conversionReviewVersions: ["v1"] } },
    },
  };
}

type Settings = Pick<SecurityOptions, "authenticationFile" | "authorizationFile" | "tokenWebhook">;

/** Writes what they name into the folder. */
export async function deceivingSettings(directory: string, believed: Believed): Promise<Settings> {
  const authenticationFile = join(directory, "authentication.json");
  const authorizationFile = join(directory, "authorization.json");
  await writeFile(authenticationFile, JSON.stringify(authentication(believed)));
  const access = await kubeconfig(directory, "access", believed);
  await writeFile(authorizationFile, JSON.stringify(authorization(access)));
  const kubeconfigFile = await kubeconfig(directory, "token", believed);
  return { authenticationFile, authorizationFile, tokenWebhook: { kubeconfigFile, version: "v1" } };
}

async function kubeconfig(directory: string, role: string, { port, authority }: Believed): Promise<string> {
  const path = join(directory, `${role}.kubeconfig`);
  const cluster = {
    server: `https://127.0.0.1:${port}/${role}`,
    "certificate-authority-data": Buffer.from(authority).toString("base64"),
  };
  await writeFile(
    path,
    formatKubeconfig(withContext(emptyKubeconfig, role, { cluster, user: { token: "me" } })),
  );
  return path;
}

const authentication = ({ port, authority: certificateAuthority }: Believed): object => ({
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "AuthenticationConfiguration",
  jwt: Array.from({ length: ISSUERS }, (_, number) => ({
    issuer: {
      url: issuerUrl(number),
      discoveryURL: `https://127.0.0.1:${port}/issuer/${number}/.well-known/openid-configuration`,
      certificateAuthority,
      audiences: [AUDIENCE],
    },
    claimValidationRules: [{ expression: "claims.email_verified == true", message: "not verified" }],
    claimMappings: {
      username: number % 2 === 0 ? { claim: "sub", prefix: "oidc:" } : { expression: "'oidc:' + claims.sub" },
      groups: { claim: "groups", prefix: "oidc:" },
      uid: { expression: "claims.?sub.orValue('none')" },
      extra: [{ key: "example.com/extra", valueExpression: "claims.?extra.orValue('')" }],
    },
    userValidationRules: [{ expression: "!user.username.startsWith('system:')", message: "reserved" }],
  })),
});

const authorization = (kubeConfigFile: string): object => ({
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "AuthorizationConfiguration",
  authorizers: [
    { type: "Node", name: "node" },
    { type: "RBAC", name: "rbac" },
    {
      type: "Webhook",
      name: "lies",
      webhook: {
        authorizedTTL: "1s",
        unauthorizedTTL: "1s",
        timeout: "1s",
        subjectAccessReviewVersion: "v1",
        matchConditionSubjectAccessReviewVersion: "v1",
        failurePolicy: "NoOpinion",
        connectionInfo: { type: "KubeConfigFile", kubeConfigFile },
        matchConditions: [{ expression: `request.user == '${ASKER}'` }],
      },
    },
  ],
});

/** Sends what is recorded to the liar, which takes some of it. */
export async function deceivingCollector(
  directory: string,
  believed: Believed,
  scope: Scope,
): Promise<AuditSink> {
  const clock = systemClock;
  const webhook = await AuditWebhook.open({
    kubeconfigFile: await kubeconfig(directory, "audit", believed),
    initialBackoffMs: 10,
    clock,
    random: systemRandom,
    signal: scope.signal,
  });
  const delivery = new Delivery(
    {
      name: "webhook",
      mode: "batch",
      batch: { bufferMax: 1_000, sizeMax: 100, waitMs: 100 },
      truncate: { eventBytesMax: 100_000, batchBytesMax: 1_000_000 },
      clock,
      metrics: new AuditMetrics(),
    },
    webhook.deliver,
  );
  scope.defer(() => webhook.close());
  scope.defer(() => delivery.close());
  return delivery;
}
