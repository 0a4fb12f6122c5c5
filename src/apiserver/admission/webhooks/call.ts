import type { AdmissionResponse } from "#api/admission-v1/admissionreview";
import type { Clock } from "#base/clock";
import { type Random, uuid } from "#base/random";
import { problemsOfName } from "#machinery/names";
import { type StatusError, internalError } from "#machinery/status";
import { type WebhookClient, UnreachableWebhook } from "../../webhook-client/client.ts";
import { CallFailure, noDryRun, Rejection, rejection } from "./failures.ts";
import type { Hook } from "./hook.ts";
import type { Seen } from "../matching/seen.ts";
import { decodeReview, InvalidResponse, responseOf, reviewOf, UnreadableResponse } from "./review.ts";
import type { WebhookMetrics, WebhookType } from "./webhook-metrics.ts";

export interface CallerOptions {
  readonly client: WebhookClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: WebhookMetrics;
}

/** What a webhook made of a write. */
export type Outcome<T> =
  | { readonly type: "answered"; readonly value: T }
  /** It could not be asked, and its configuration says to go on. */
  | { readonly type: "passed-over" };

/** Asks webhooks and settles what their answers, or the lack of them, mean for the request. */
export class Caller {
  readonly #options: CallerOptions;
  readonly #type: WebhookType;

  constructor(type: WebhookType, options: CallerOptions) {
    this.#type = type;
    this.#options = options;
  }

  /**
   * `use` makes something of the answer of a webhook that allows the request. Throws the StatusError for the
   * client: the webhook's refusal, or the failure of one that has to be asked.
   */
  async ask<T>(hook: Hook, seen: Seen, use: (response: AdmissionResponse) => T): Promise<Outcome<T>> {
    const { clock, metrics } = this.#options;
    const { operation } = seen.admission;
    const startMs = clock.monotonic();
    const called = (code: number, rejected: boolean) =>
      metrics.called(hook.name, this.#type, operation, {
        tookMs: clock.monotonic() - startMs,
        code,
        rejected,
      });
    try {
      const value = use(await this.#allowed(hook, seen));
      called(200, false);
      return { type: "answered", value };
    } catch (error) {
      if (error instanceof CallFailure && hook.failsOpen) {
        called(FAILED_CODE, false);
        metrics.failedOpen(hook.name, this.#type);
        return { type: "passed-over" };
      }
      const { status, cause, code } = settled(error);
      called(code, true);
      metrics.rejected(hook.name, this.#type, operation, cause, code);
      throw status;
    }
  }

  /** The answer of a webhook that says yes. Throws CallFailure, Rejection, and StatusError where it may not be asked. */
  async #allowed(hook: Hook, seen: Seen): Promise<AdmissionResponse> {
    const { admission } = seen;
    if (admission.dryRun && !hook.supportsDryRun) throw noDryRun(hook.name);
    const response = await this.#response(hook, seen);
    for (const [key, value] of Object.entries(response.auditAnnotations ?? {})) {
      const note = `${hook.name}/${key}`;
      if (!key.includes("/") && problemsOfName("qualified-name", note).length === 0)
        admission.annotate(note, value);
    }
    for (const text of response.warnings ?? []) admission.warn(text);
    if (!response.allowed) throw rejection(hook.name, response.status);
    return response;
  }

  async #response(hook: Hook, seen: Seen): Promise<AdmissionResponse> {
    const { client, random } = this.#options;
    const { name, reviewVersion: version, target, timeoutSeconds } = hook;
    if (!version) {
      throw new CallFailure(
        name,
        "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)",
      );
    }
    const uid = uuid(random);
    try {
      const review = decodeReview(await client.post(target, reviewOf(version, uid, seen), timeoutSeconds));
      return responseOf(review, { version, uid, mutates: this.#type === "admit" });
    } catch (error) {
      if (error instanceof UnreachableWebhook || error instanceof UnreadableResponse)
        throw new CallFailure(name, `failed to call webhook: ${error.message}`, { cause: error });
      if (error instanceof InvalidResponse)
        throw new CallFailure(name, `received invalid webhook response: ${error.message}`, { cause: error });
      throw error;
    }
  }
}

const FAILED_CODE = 503;

interface Settled {
  readonly status: unknown;
  readonly cause: "no_error" | "calling_webhook_error" | "apiserver_internal_error";
  readonly code: number;
}

/** The error for the client, and how it counts. */
function settled(error: unknown): Settled {
  if (error instanceof Rejection) return { status: error.status, cause: "no_error", code: error.status.code };
  if (error instanceof CallFailure) {
    const status: StatusError = internalError(error);
    return { status, cause: "calling_webhook_error", code: FAILED_CODE };
  }
  return { status: error, cause: "apiserver_internal_error", code: 0 };
}
