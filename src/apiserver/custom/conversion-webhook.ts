import type { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { REVIEW_VERSIONS } from "#api/apiextensions-v1/version-problems";
import { present } from "#base/assert";
import { type Random, uuid } from "#base/random";
import { parseJson } from "#machinery/json";
import { sameJson } from "#machinery/same-json";
import type { AnyObject } from "#machinery/schema";
import { StatusError } from "#machinery/status";
import type { WebhookClient } from "../webhook-client/client.ts";
import { type Target, targetOf } from "../webhook-client/target.ts";

type Conversion = NonNullable<CustomResourceDefinition["spec"]["conversion"]>;
type Webhook = NonNullable<Conversion["webhook"]>;

/** Makes objects of one version into objects of another. */
export interface Converter {
  /** In the same order. Rejects with a StatusError that names the webhook's trouble. */
  convert(objects: readonly AnyObject[], apiVersion: string): Promise<readonly AnyObject[]>;
}

const GROUP = "apiextensions.k8s.io";
/** A webhook may take this long. */
const TIMEOUT_SECONDS = 30;
/** Objects in one question. */
const OBJECTS_MAX = 200;
/** Of an answer: all its objects. For the client that asks. */
export const CONVERSION_ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** Asks the webhook that a definition names. */
export class ConversionWebhook implements Converter {
  readonly #target: Target;
  readonly #version: string;
  readonly #client: WebhookClient;
  readonly #random: Random;

  /** The client is shared, and its owner's to close. */
  constructor({ clientConfig, conversionReviewVersions }: Webhook, client: WebhookClient, random: Random) {
    this.#version = conversionReviewVersions.find((version) => REVIEW_VERSIONS.includes(version)) ?? "v1";
    this.#target = targetOf(present(clientConfig, "where a conversion webhook is reached"));
    this.#client = client;
    this.#random = random;
  }

  async convert(objects: readonly AnyObject[], apiVersion: string): Promise<readonly AnyObject[]> {
    const converted: AnyObject[] = [];
    for (let at = 0; at < objects.length; at += OBJECTS_MAX)
      converted.push(...(await this.#ask(objects.slice(at, at + OBJECTS_MAX), apiVersion)));
    return converted;
  }

  async #ask(objects: readonly AnyObject[], desiredAPIVersion: string): Promise<readonly AnyObject[]> {
    const uid = uuid(this.#random);
    const review = {
      kind: "ConversionReview",
      apiVersion: `${GROUP}/${this.#version}`,
      request: { uid, desiredAPIVersion, objects },
    };
    try {
      const answer = await this.#client.post(this.#target, review, TIMEOUT_SECONDS);
      return checked(parseJson(answer), uid, objects, desiredAPIVersion);
    } catch (error) {
      throw failed(objects[0]!, error as Error);
    }
  }
}

interface Answer {
  readonly response?: {
    readonly uid?: string;
    readonly convertedObjects?: readonly AnyObject[];
    readonly result?: { readonly status?: string; readonly message?: string; readonly reason?: string };
  };
}

/** A webhook may change what is in an object, and its labels and annotations: not which object it is. */
function checked(
  answer: unknown,
  uid: string,
  objects: readonly AnyObject[],
  apiVersion: string,
): readonly AnyObject[] {
  const { response } = (answer ?? {}) as Answer;
  if (response?.uid !== uid)
    throw new Error(
      `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response?.uid ?? "")}`,
    );
  const { status, message, reason } = response.result ?? {};
  if (status !== "Success") throw new Error(message || reason || "the webhook gave no reason");
  const converted = response.convertedObjects ?? [];
  if (converted.length !== objects.length)
    throw new Error(`webhook returned ${converted.length} objects, expected ${objects.length}`);
  return converted.map((one, index) => {
    const before = objects[index]!;
    if (one.apiVersion !== apiVersion || one.kind !== before.kind)
      throw new Error(
        `webhook returned invalid converted object at index ${index}: invalid groupVersion or kind (${one.apiVersion}, Kind=${one.kind})`,
      );
    for (const name of ["name", "namespace", "uid"] as const) {
      if ((one.metadata?.[name] ?? "") !== (before.metadata[name] ?? ""))
        throw new Error(
          `webhook returned invalid converted object at index ${index}: must have the same ${name}: ${one.metadata?.[name]} != ${before.metadata[name]}`,
        );
    }
    const { labels, annotations } = one.metadata;
    const { labels: _labels, annotations: _annotations, ...metadata } = before.metadata;
    const same =
      sameJson(labels, before.metadata.labels) && sameJson(annotations, before.metadata.annotations);
    if (same) return { ...one, metadata: before.metadata };
    return {
      ...one,
      metadata: { ...metadata, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
    };
  });
}

const failed = ({ apiVersion, kind }: AnyObject, error: Error): StatusError =>
  new StatusError(
    {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: `conversion webhook for ${apiVersion}, Kind=${kind} failed: ${error.message}`,
      code: 500,
    },
    { cause: error },
  );
