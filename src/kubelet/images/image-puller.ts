/** Brings images to the node, as each container's pull policy asks. */
import type { Pod } from "#api/core-v1/pod";
import type { Secret } from "#api/core-v1/secret";
import type { Clock } from "#base/clock";
import type { ContainerRuntime } from "../cri/client.ts";
import { RpcError } from "../cri/connection.ts";
import type { Image } from "../cri/image.ts";
import type { Container } from "../pod/spec.ts";
import { fullName, parseImageName } from "./image-name.ts";
import { credentialsFor } from "./pull-secrets.ts";

const DELAY_FIRST_MS = 10_000;
const DELAY_MAX_MS = 300_000;
/** Pulls at a time; more of them only share the same line. */
const PULLS_MAX = 5;

/** The image is not there; `reason` is a waiting reason of container states. */
export class ImageError extends Error {
  override readonly name = "ImageError";
  readonly reason:
    | "ErrImagePull"
    | "ErrImageNeverPull"
    | "ImagePullBackOff"
    | "InvalidImageName"
    | "ImageInspectError";
  readonly retryAtMs: number;

  constructor(reason: ImageError["reason"], message: string, retryAtMs: number, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
    this.retryAtMs = retryAtMs;
  }
}

/** Told of what goes on, for the pod's events. */
export interface PullObserver {
  event(type: "Normal" | "Warning", reason: string, message: string): void;
}

interface Failure {
  readonly delayMs: number;
  readonly atMs: number;
  readonly message: string;
}

export class ImagePuller {
  readonly #runtime: ContainerRuntime;
  readonly #clock: Clock;
  readonly #onPulled: () => void;
  readonly #failures = new Map<string, Failure>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** `onPulled`: the node has one image more. */
  constructor(runtime: ContainerRuntime, clock: Clock, onPulled: () => void = () => undefined) {
    this.#runtime = runtime;
    this.#clock = clock;
    this.#onPulled = onPulled;
  }

  /** The image of the container, pulled if need be; throws an ImageError. `secrets` is asked only for a pull. */
  async ensure(
    pod: Pod,
    container: Container,
    secrets: () => Promise<readonly Secret[]>,
    observer: PullObserver,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Image> {
    const image = container.image ?? "";
    const parsed = parseImageName(image);
    if (!parsed) {
      const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;
      observer.event("Warning", "InspectFailed", message);
      throw new ImageError("InvalidImageName", message, this.#clock.now() + DELAY_MAX_MS);
    }
    const name = fullName(parsed);
    const policy = container.imagePullPolicy ?? (parsed.tag === "latest" ? "Always" : "IfNotPresent");
    const present = policy === "Always" ? undefined : await this.#inspect(name);
    if (present) {
      observer.event(
        "Normal",
        "Pulled",
        `Container image "${image}" already present on machine and can be accessed by the pod`,
      );
      return present;
    }
    if (policy === "Never") {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      observer.event("Warning", "ErrImageNeverPull", message);
      throw new ImageError("ErrImageNeverPull", message, this.#clock.now() + DELAY_FIRST_MS);
    }
    return this.#pull(`${pod.metadata.uid}/${name}`, name, image, secrets, observer, signal);
  }

  async #inspect(name: string): Promise<Image | undefined> {
    try {
      return await this.#runtime.imageStatus(name);
    } catch (error) {
      const message = `Failed to inspect image "${name}": ${textOf(error)}`;
      throw new ImageError("ImageInspectError", message, this.#clock.now() + DELAY_FIRST_MS, error);
    }
  }

  async #pull(
    key: string,
    name: string,
    image: string,
    secrets: () => Promise<readonly Secret[]>,
    observer: PullObserver,
    signal: AbortSignal,
  ): Promise<Image> {
    const before = this.#failures.get(key);
    const dueMs = before ? before.atMs + before.delayMs : 0;
    if (before && dueMs > this.#clock.now()) {
      const message = `Back-off pulling image "${image}"`;
      observer.event("Normal", "BackOff", message);
      throw new ImageError("ImagePullBackOff", `${message}: ErrImagePull: ${before.message}`, dueMs);
    }
    observer.event("Normal", "Pulling", `Pulling image "${image}"`);
    const startedMs = this.#clock.monotonic();
    try {
      const pulled = await this.#limited(() => this.#pullWithCredentials(name, secrets, signal));
      this.#failures.delete(key);
      this.#onPulled();
      const took = seconds(this.#clock.monotonic() - startedMs);
      const size = pulled.size ?? 0;
      const text = `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${size} bytes.`;
      observer.event("Normal", "Pulled", text);
      return pulled;
    } catch (error) {
      if (signal.aborted) throw error;
      const message = textOf(error);
      const delayMs = before ? Math.min(2 * before.delayMs, DELAY_MAX_MS) : DELAY_FIRST_MS;
      const atMs = this.#clock.now();
      this.#failures.set(key, { delayMs, atMs, message });
      observer.event("Warning", "Failed", `Failed to pull image "${image}": ${message}`);
      observer.event("Warning", "Failed", "Error: ErrImagePull");
      throw new ImageError("ErrImagePull", message, atMs + delayMs, error);
    }
  }

  /** Forgets the pod's failures. */
  forget(podUid: string): void {
    for (const key of this.#failures.keys()) if (key.startsWith(`${podUid}/`)) this.#failures.delete(key);
  }

  async #pullWithCredentials(
    name: string,
    secrets: () => Promise<readonly Secret[]>,
    signal: AbortSignal,
  ): Promise<Image> {
    const credentials = credentialsFor(name, await secrets());
    let failure: unknown;
    for (const auth of credentials.length > 0 ? credentials : [undefined]) {
      try {
        const ref = await this.#runtime.pullImage(name, auth, { signal });
        const image = await this.#runtime.imageStatus(ref);
        if (image) return image;
        failure = new Error(`image "${name}" is gone right after it was pulled`);
      } catch (error) {
        if (signal.aborted) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  async #limited<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= PULLS_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}

const textOf = (error: unknown): string =>
  error instanceof RpcError ? error.details : error instanceof Error ? error.message : String(error);

const seconds = (ms: number): string => (ms < 1000 ? `${Math.round(ms)}ms` : `${(ms / 1000).toFixed(3)}s`);
