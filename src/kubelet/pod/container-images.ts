import type { Secret } from "#api/core-v1/secret";
import { asError } from "#base/attempt";
import type { Image } from "../cri/image.ts";
import { ImageError } from "../images/image-puller.ts";
import type { PodReferences } from "../volumes/references.ts";
import type { Obstacle } from "./plan.ts";
import type { PodContext } from "./pod-context.ts";
import type { Container, Member } from "./spec.ts";

const RETRY_MS = 10_000;
/** How long a failed pull is shown as such before it is shown as waiting for the next. */
const PULL_ERROR_SHOWN_MS = 2_000;

/** The images for the next start of each of the pod's containers. */
export class ContainerImages {
  readonly #context: PodContext;
  readonly #references: PodReferences;
  readonly #states = new Map<string, "checking" | "ready" | Obstacle>();
  readonly #images = new Map<string, Image>();

  constructor(context: PodContext, references: PodReferences) {
    this.#context = context;
    this.#references = references;
  }

  /** By container name. */
  get states(): ReadonlyMap<string, "checking" | "ready" | Obstacle> {
    return this.#states;
  }

  /** The image for a start now; the next start looks anew. */
  take(name: string): Image | undefined {
    const image = this.#images.get(name);
    this.#images.delete(name);
    this.#states.delete(name);
    return image;
  }

  check({ container }: Member): void {
    const { name } = container;
    this.#states.set(name, "checking");
    this.#context.background(async () => {
      const { services, pod, ending } = this.#context;
      const observer = { event: this.#context.eventsOf(name) };
      try {
        const secrets = () => this.#secrets();
        const image = await services.puller.ensure(pod, container, secrets, observer, { signal: ending });
        this.#images.set(name, image);
        this.#states.set(name, "ready");
      } catch (error) {
        if (!ending.aborted) this.#states.set(name, this.#obstacle(container, error));
      }
    });
  }

  #obstacle({ name, image }: Container, error: unknown): Obstacle {
    if (!(error instanceof ImageError)) {
      const retryAtMs = this.#context.in(RETRY_MS);
      return { reason: "ErrImagePull", message: asError(error).message, retryAtMs };
    }
    const { reason, message, retryAtMs } = error;
    if (reason === "ErrImagePull") {
      const text = `Back-off pulling image "${image}"`;
      const waiting = { reason: "ImagePullBackOff", message: `${text}: ErrImagePull: ${message}`, retryAtMs };
      this.#context.services.clock.after(PULL_ERROR_SHOWN_MS, () => this.#backOff(name, text, waiting));
    }
    return { reason, message, retryAtMs };
  }

  /** Unless the next pull has begun meanwhile. */
  #backOff(name: string, text: string, waiting: Obstacle): void {
    const state = this.#states.get(name);
    const { scope, ending } = this.#context;
    if (typeof state !== "object" || state.retryAtMs !== waiting.retryAtMs) return;
    if (scope.closed || ending.aborted) return;
    this.#context.event("Normal", "BackOff", text, name);
    this.#states.set(name, waiting);
    this.#context.wake();
  }

  async #secrets(): Promise<readonly Secret[]> {
    const names = (this.#context.pod.spec.imagePullSecrets ?? []).map(({ name = "" }) => name);
    const found = await Promise.all(names.map((name) => this.#references.secret(name)));
    return found.filter((secret) => secret !== undefined);
  }
}
