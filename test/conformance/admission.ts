/** Webhook configurations that concern one test alone, and that are known to be in force. */
import assert from "node:assert/strict";
import {
  AdmissionregistrationV1Api,
  CoreV1Api,
  type V1MutatingWebhook,
  type V1MutatingWebhookConfiguration,
  type V1RuleWithOperations,
  type V1ValidatingWebhook,
  type V1ValidatingWebhookConfiguration,
} from "@kubernetes/client-node";
import { eventually } from "../tools/eventually.ts";
import type { ConformanceContext } from "./suite.ts";
import { type Json, WebhookServer } from "./webhook-server.ts";

const MARKER = "conformance.k8ts/marker";
const MARKER_PATH = "/marker";

export const rule = (
  resource: string,
  operations: string[] = ["CREATE"],
  group = "",
  version = "v1",
): V1RuleWithOperations => ({
  operations,
  apiGroups: [group],
  apiVersions: [version],
  resources: [resource],
});

/** A JSON patch as the response of a review. */
export const patching = (...operations: object[]) => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
});

export const denying = (message: string, more: object = {}) => ({
  allowed: false,
  status: { message, ...more },
});

export const allowing = { allowed: true };

/** The webhook of a test, and the configurations that name it. */
export class Admission {
  readonly server: WebhookServer;
  readonly #context: ConformanceContext;
  readonly #api: AdmissionregistrationV1Api;

  constructor(context: ConformanceContext, server: WebhookServer) {
    this.#context = context;
    this.#api = context.api(AdmissionregistrationV1Api);
    this.server = server;
    server.answer(MARKER_PATH, () => denying("the marker is seen"));
  }

  static async start(context: ConformanceContext): Promise<Admission> {
    return new Admission(context, await WebhookServer.start(context));
  }

  /** By its Service, for the test's namespace; `path` gives the name. */
  hook(
    path: string,
    rules: V1RuleWithOperations[],
    more: Partial<V1ValidatingWebhook> = {},
  ): V1ValidatingWebhook {
    return {
      name: `${path.slice(1)}.conformance.example.com`,
      clientConfig: this.server.byService(path),
      rules,
      sideEffects: "None",
      admissionReviewVersions: ["v1", "v1beta1"],
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": this.#context.namespace } },
      objectSelector: { matchExpressions: [{ key: MARKER, operator: "DoesNotExist" }] },
      failurePolicy: "Fail",
      ...more,
    };
  }

  /** Creates a configuration and waits until it is in force. It goes with the test. */
  async validate(
    webhooks: V1ValidatingWebhook[],
    labels?: Record<string, string>,
  ): Promise<V1ValidatingWebhookConfiguration> {
    const name = this.#context.unique("validating");
    const body = { metadata: { name, labels }, webhooks: [...webhooks, this.#marker(name)] };
    const created = await this.#api.createValidatingWebhookConfiguration({ body });
    this.#context.defer(() => this.#api.deleteValidatingWebhookConfiguration({ name }));
    await this.untilInForce(name);
    return created;
  }

  async mutate(
    webhooks: V1MutatingWebhook[],
    labels?: Record<string, string>,
  ): Promise<V1MutatingWebhookConfiguration> {
    const name = this.#context.unique("mutating");
    const body = { metadata: { name, labels }, webhooks: [...webhooks, this.#marker(name)] };
    const created = await this.#api.createMutatingWebhookConfiguration({ body });
    this.#context.defer(() => this.#api.deleteMutatingWebhookConfiguration({ name }));
    await this.untilInForce(name);
    return created;
  }

  untilInForce(configuration: string): Promise<void> {
    return eventually(() => assert.rejects(this.#mark(configuration), /the marker is seen/));
  }

  async untilGone(configuration: string): Promise<void> {
    await eventually(() => this.#mark(configuration));
  }

  /** Requests that came to a path, in order. */
  asked(path: string): Json[] {
    return this.server.asked.filter((each) => each.path === path).map(({ request }) => request);
  }

  /** Refuses the marker of this configuration and nothing else. */
  #marker(configuration: string): V1ValidatingWebhook {
    const objectSelector = { matchLabels: { [MARKER]: configuration } };
    return this.hook(MARKER_PATH, [rule("configmaps")], { objectSelector });
  }

  #mark(configuration: string): Promise<unknown> {
    const { api, namespace } = this.#context;
    const body = { metadata: { name: "marker", labels: { [MARKER]: configuration } } };
    return api(CoreV1Api).createNamespacedConfigMap({ namespace, body, dryRun: "All" });
  }
}
