import { Agent, request } from "node:https";
import { Service } from "#api/core-v1/service";
import type { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { REVIEW_VERSIONS } from "#api/apiextensions-v1/version-problems";
import { type Random, uuid } from "#base/random";
import { parseJson, stringifyJson } from "#machinery/json";
import { sameJson } from "#machinery/patch/json-patch";
import type { AnyObject } from "#machinery/schema";
import { StatusError } from "#machinery/status";
import type { ReadCache } from "../contracts.ts";

type Conversion = NonNullable<CustomResourceDefinition["spec"]["conversion"]>;
type Webhook = NonNullable<Conversion["webhook"]>;
type ClientConfig = NonNullable<Webhook["clientConfig"]>;

/** Makes objects of one version into objects of another. */
export interface Converter {
  /** In the same order. Rejects with a StatusError that names the webhook's trouble. */
  convert(objects: readonly AnyObject[], apiVersion: string): Promise<readonly AnyObject[]>;
}

const GROUP = "apiextensions.k8s.io";
/** Milliseconds that a webhook may take. */
const TIMEOUT_MS = 30_000;
/** Objects in one question. */
const OBJECTS_MAX = 200;
/** Bytes of an answer. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** Asks the webhook that a definition names. */
export class ConversionWebhook implements Converter {
  readonly #config: ClientConfig;
  readonly #version: string;
  readonly #cache: ReadCache;
  readonly #random: Random;
  readonly #agent: Agent;

  constructor({ clientConfig, conversionReviewVersions }: Webhook, cache: ReadCache, random: Random) {
    const config: ClientConfig = clientConfig ?? {};
    this.#version = conversionReviewVersions.find((version) => REVIEW_VERSIONS.includes(version)) ?? "v1";
    this.#config = config;
    this.#cache = cache;
    this.#random = random;
    const ca = config.caBundle ? Buffer.from(config.caBundle, "base64").toString("utf8") : undefined;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 8, ...(ca === undefined ? {} : { ca }) });
  }

  /** Lets idle connections go. */
  close(): void {
    this.#agent.destroy();
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
      const answer = parseJson(await this.#post(Buffer.from(stringifyJson(review))));
      return checked(answer, uid, objects, desiredAPIVersion);
    } catch (error) {
      throw failed(objects[0]!, error as Error);
    }
  }

  #post(body: Buffer): Promise<string> {
    const { url, servername } = this.#address();
    return new Promise((resolve, reject) => {
      const sent = request(url, {
        method: "POST",
        agent: this.#agent,
        timeout: TIMEOUT_MS,
        ...(servername === undefined ? {} : { servername }),
        headers: {
          "content-type": "application/json",
          accept: "application/json",
          "content-length": body.length,
        },
      });
      const fail = (error: Error) =>
        reject(new Error(`Post "${url.href}": ${error.message}`, { cause: error }));
      sent.on("error", fail);
      sent.on("timeout", () => sent.destroy(new Error("context deadline exceeded")));
      sent.on("response", (response) => {
        const chunks: Buffer[] = [];
        let length = 0;
        response.on("error", fail);
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          if ((length += chunk.length) > ANSWER_BYTES_MAX) sent.destroy(new Error("the answer is too large"));
        });
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          if (response.statusCode === 200) resolve(text);
          else fail(new Error(`the server answered with status ${response.statusCode}`));
        });
      });
      sent.end(body);
    });
  }

  #address(): { readonly url: URL; readonly servername: string | undefined } {
    const { url, service } = this.#config;
    if (url) return { url: new URL(url), servername: undefined };
    if (!service) throw new Error("the webhook has neither a url nor a service");
    const { namespace, name, path = "/", port = 443 } = service;
    const found = this.#cache.get(Service, namespace, name);
    if (!found) throw new Error(`service "${name}" not found`);
    const { type, externalName, clusterIP } = found.spec;
    const host = type === "ExternalName" ? externalName : clusterIP;
    if (!host || host === "None") throw new Error(`service "${name}" has no cluster IP`);
    if (type !== "ExternalName" && !(found.spec.ports ?? []).some((one) => one.port === port))
      throw new Error(`no service port ${port} found for service "${name}"`);
    const authority = host.includes(":") ? `[${host}]` : host;
    return {
      url: new URL(`https://${authority}:${port}${path.startsWith("/") ? path : `/${path}`}`),
      servername: `${name}.${namespace}.svc`,
    };
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
