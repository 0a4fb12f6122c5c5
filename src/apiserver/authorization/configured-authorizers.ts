/** Those who decide, in the order of the configuration, which may change at any time. */
import { Counter, type Registry } from "prom-client";
import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import type { Authorizer, Decision } from "../contracts.ts";
import { ReviewClient } from "../webhook-client/review-client.ts";
import { authorizers } from "./authorizer.ts";
import type { AuthorizationConfiguration } from "./configuration/authorization-configuration.ts";
import { type CompiledAuthorizer, compileAuthorization } from "./configuration/compile-authorization.ts";
import { WebhookAuthorizer } from "./webhook/webhook-authorizer.ts";
import { WebhookAuthorizerMetrics } from "./webhook/webhook-authorizer-metrics.ts";

export interface ConfiguredAuthorizersOptions {
  readonly node: Authorizer;
  readonly rbac: Authorizer;
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: Registry;
  /** Ends connections to webhooks. */
  readonly closing: AbortSignal;
}

const ALWAYS: Readonly<Record<"AlwaysAllow" | "AlwaysDeny", Authorizer>> = {
  AlwaysAllow: { authorize: () => ({ verdict: "allow", reason: "" }) },
  AlwaysDeny: { authorize: () => ({ verdict: "no-opinion", reason: "Everything is forbidden." }) },
};

/** A webhook is asked a few times, and takes at most half a minute each time. */
const RETIREMENT_MS = 3 * 60 * 1000;

/** What is in force until another takes its place. */
interface Current {
  readonly authorizer: Authorizer;
  readonly configured: readonly CompiledAuthorizer[];
  readonly clients: readonly ReviewClient[];
}

export class ConfiguredAuthorizers implements Authorizer {
  readonly #options: ConfiguredAuthorizersOptions;
  readonly #metrics: WebhookAuthorizerMetrics;
  readonly #decisions: Counter<"type" | "name" | "decision">;
  #current: Current = { authorizer: authorizers([]), configured: [], clients: [] };

  constructor(options: ConfiguredAuthorizersOptions) {
    this.#options = options;
    this.#metrics = new WebhookAuthorizerMetrics(options.registry);
    this.#decisions = new Counter({
      name: "apiserver_authorization_decisions_total",
      help: "Requests that an authorizer has allowed or denied.",
      labelNames: ["type", "name", "decision"],
      registers: [options.registry],
    });
    options.closing.addEventListener("abort", () => close(this.#current.clients), { once: true });
  }

  readonly authorize: Authorizer["authorize"] = (user, request) =>
    this.#current.authorizer.authorize(user, request);

  /** Of those who are asked, in order. */
  get types(): readonly CompiledAuthorizer["type"][] {
    return this.#current.configured.map(({ type }) => type);
  }

  /** Takes the place of what was in force before. Throws and changes nothing when it cannot be used. */
  async use(configuration: AuthorizationConfiguration): Promise<void> {
    const configured = compileAuthorization(configuration);
    const clients: ReviewClient[] = [];
    const inOrder = await Promise.all(configured.map((each) => this.#authorizer(each, clients)));
    const { clients: before } = this.#current;
    this.#current = { authorizer: authorizers(inOrder), configured, clients };
    this.#retire(before);
  }

  /** Questions that are on their way are answered yet. */
  #retire(clients: readonly ReviewClient[]): void {
    const { clock, closing } = this.#options;
    if (clients.length === 0 || closing.aborted) return close(clients);
    const end = () => {
      cancel();
      closing.removeEventListener("abort", end);
      close(clients);
    };
    const cancel = clock.after(RETIREMENT_MS, end);
    closing.addEventListener("abort", end, { once: true });
  }

  async #authorizer(configured: CompiledAuthorizer, clients: ReviewClient[]): Promise<Authorizer> {
    const { node, rbac } = this.#options;
    const { type, name } = configured;
    switch (type) {
      case "Node":
        return this.#counted(node, type, name);
      case "RBAC":
        return this.#counted(rbac, type, name);
      case "Webhook":
        return this.#counted(await this.#webhook(configured, clients), type, name);
      default:
        return this.#counted(ALWAYS[type], type, name);
    }
  }

  async #webhook(
    { name, webhook }: CompiledAuthorizer & { readonly type: "Webhook" },
    clients: ReviewClient[],
  ): Promise<Authorizer> {
    const { clock, random } = this.#options;
    const { kubeconfigFile, timeoutMs } = webhook;
    const client = await ReviewClient.open({ kubeconfigFile, timeoutMs, clock, random });
    clients.push(client);
    return new WebhookAuthorizer({ name, webhook, client, metrics: this.#metrics, clock });
  }

  #counted(authorizer: Authorizer, type: string, name: string): Authorizer {
    // Looked up once: finding a series by its labels costs more than counting.
    const allowed = this.#decisions.labels({ type, name, decision: "allowed" });
    const denied = this.#decisions.labels({ type, name, decision: "denied" });
    const count = (decision: Decision): Decision => {
      if (decision.verdict === "allow") allowed.inc();
      else if (decision.verdict === "deny") denied.inc();
      return decision;
    };
    return {
      authorize(user, request) {
        const decision = authorizer.authorize(user, request);
        return decision instanceof Promise ? decision.then(count) : count(decision);
      },
    };
  }
}

function close(clients: readonly ReviewClient[]): void {
  for (const client of clients) client.close();
}
