import type { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { REVIEW_VERSIONS } from "#api/apiextensions-v1/version-problems";
import { present } from "#base/assert";
import { type Random, uuid } from "#base/random";
import { parseJson, stringifyJson } from "#machinery/json";
import { isObject } from "#machinery/patch/merge-patch";
import type { AnyObject } from "#machinery/schema";
import { StatusError } from "#machinery/status";
import type { WebhookClient } from "../webhook-client/client.ts";
import { type Target, targetOf } from "../webhook-client/target.ts";
import { convertedMetadata } from "./converted-metadata.ts";

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
    readonly convertedObjects?: unknown;
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
  const { response } = (isObject(answer) ? answer : {}) as Answer;
  if (response?.uid !== uid)
    throw new Error(
      `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response?.uid ?? "")}`,
    );
  const { status, message, reason } = response.result ?? {};
  if (status !== "Success") throw new Error(message || reason || "the webhook gave no reason");
  const converted = response.convertedObjects ?? [];
  if (!Array.isArray(converted)) throw new Error("webhook returned convertedObjects that are no list");
  if (converted.length !== objects.length)
    throw new Error(`webhook returned ${converted.length} objects, expected ${objects.length}`);
  return converted.map((one: unknown, index) => {
    try {
      return checkedObject(one, objects[index]!, apiVersion);
    } catch (cause) {
      throw new Error(
        `webhook returned invalid converted object at index ${index}: ${(cause as Error).message}`,
        { cause },
      );
    }
  });
}

const text = (value: unknown): string => (typeof value === "string" ? value : stringifyJson(value ?? ""));

function checkedObject(one: unknown, before: AnyObject, apiVersion: string): AnyObject {
  if (!isObject(one)) throw new Error("it is no object");
  if (one.apiVersion !== apiVersion || one.kind !== before.kind)
    throw new Error(`invalid groupVersion or kind (${text(one.apiVersion)}, Kind=${text(one.kind)})`);
  const metadata = convertedMetadata(one.metadata, before.metadata);
  return { ...one, apiVersion, kind: before.kind, metadata };
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
