import { asError } from "#base/attempt";
import { logger } from "#base/log";
import { PodVolumes, VolumeError } from "../volumes/pod-volumes.ts";
import type { PodReferences } from "../volumes/references.ts";
import type { PodView } from "./plan.ts";
import type { PodContext } from "./pod-context.ts";

const log = logger("pod-worker");

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 120_000;

/** Brings the volumes of one pod about, again and again until they are there, and keeps them true. */
export class PodStorage {
  readonly volumes: PodVolumes;
  readonly #context: PodContext;
  #state: PodView["volumes"] = "absent";
  #retryMs = RETRY_FIRST_MS;

  constructor(context: PodContext, references: PodReferences) {
    this.#context = context;
    const { client, clock, random, dirs } = context.services;
    this.volumes = new PodVolumes(context.pod, { client, clock, random, dirs, references });
  }

  get state(): PodView["volumes"] {
    return this.#state;
  }

  prepare(): void {
    this.#state = "preparing";
    this.#context.background(async () => {
      const { pod, facts } = this.#context;
      try {
        await this.volumes.prepare(pod, facts);
        this.#state = "ready";
      } catch (error) {
        const { message } = asError(error);
        if (error instanceof VolumeError) this.#context.event("Warning", "FailedMount", message);
        else log.warn("volumes could not be prepared", { pod: pod.metadata.name, error });
        const retryAtMs = this.#context.in(this.#retryMs);
        this.#state = { reason: "ContainerCreating", message: "", retryAtMs };
        this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MAX_MS);
      }
    });
  }

  /** What the volumes show has changed, or a token in them grows old. */
  refresh(): void {
    if (this.#state !== "ready" || this.#context.ending.aborted) return;
    this.#context.background(async () => {
      const { pod, facts } = this.#context;
      try {
        await this.volumes.refresh(pod, facts);
      } catch (error) {
        // The volume keeps its last contents, as it does when an object it shows is deleted.
        log.info("volumes could not be refreshed", { pod: pod.metadata.name, error });
      }
    });
  }

  /** What was missing may be there now. */
  tryAgain(): void {
    if (typeof this.#state === "object") this.#state = "absent";
  }
}
