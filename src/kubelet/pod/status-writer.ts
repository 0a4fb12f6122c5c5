import { Pod } from "#api/core-v1/pod";
import { logger } from "#base/log";
import { sleep } from "#base/clock";
import { isAtLeast } from "#client/resource-version";
import { hasReason } from "#machinery/status";
import type { PodServices } from "./services.ts";
import type { PodStatus } from "./spec.ts";
import { statusPatch } from "./status-patch.ts";

const log = logger("pod-status");

const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 10_000;

/**
 * Brings one pod's status to the API: one write at a time, always the newest, and none that says nothing new.
 * `onWritten` hears of the object that came of a write.
 */
export class StatusWriter {
  readonly #services: Pick<PodServices, "client" | "clock">;
  readonly #onWritten: (pod: Pod) => void;
  readonly #signal: AbortSignal;
  #wanted: { readonly pod: Pod; readonly status: PodStatus } | undefined;
  #writing: Promise<void> | undefined;
  /** What came of the last write: whoever wants the next may not know it yet. */
  #written: Pod | undefined;
  /** The patch that the last write left open. */
  #ignored: string | undefined;

  constructor(
    services: Pick<PodServices, "client" | "clock">,
    signal: AbortSignal,
    onWritten: (pod: Pod) => void,
  ) {
    this.#services = services;
    this.#signal = signal;
    this.#onWritten = onWritten;
  }

  /** `pod`: the newest object known. */
  want(pod: Pod, status: PodStatus): void {
    this.#wanted = { pod, status };
    if (!this.#writing) this.#begin();
  }

  #begin(): void {
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined;
      // Wanted between the last look and this moment.
      if (this.#wanted && !this.#signal.aborted) this.#begin();
    });
  }

  /** Resolves when nothing waits to be written. */
  async flushed(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #write(): Promise<void> {
    for (let retryMs = RETRY_FIRST_MS; this.#wanted && !this.#signal.aborted;) {
      const { pod, status } = this.#wanted;
      const change = statusPatch(this.#newest(pod).status, status);
      if (!change || JSON.stringify(change) === this.#ignored) return void (this.#wanted = undefined);
      const { name, namespace, uid } = pod.metadata;
      const wanted = this.#wanted;
      try {
        const body = { metadata: { uid }, status: change };
        const options = { subresource: "status", signal: this.#signal };
        const written = await this.#services.client.strategicPatch(Pod, { namespace, name }, body, options);
        retryMs = RETRY_FIRST_MS;
        this.#written = written;
        if (this.#wanted === wanted) this.#wanted = undefined;
        // A server that drops a part of it will do so again: asking for ever would not change its mind.
        this.#ignored = JSON.stringify(statusPatch(written.status, status));
        this.#onWritten(written);
      } catch (error) {
        if (this.#signal.aborted) return;
        // The pod is gone, or another one has its name: nobody is left to tell.
        if (hasReason(error, "NotFound", "Conflict", "Invalid")) {
          if (hasReason(error, "Invalid"))
            log.error("pod status was refused", { pod: `${namespace}/${name}`, error });
          if (this.#wanted === wanted) this.#wanted = undefined;
          continue;
        }
        log.warn("pod status could not be written", { pod: `${namespace}/${name}`, error });
        await sleep(this.#services.clock, retryMs, { signal: this.#signal }).catch(() => undefined);
        retryMs = Math.min(2 * retryMs, RETRY_MAX_MS);
      }
    }
  }

  #newest(pod: Pod): Pod {
    const written = this.#written;
    if (!written) return pod;
    return isAtLeast(pod.metadata.resourceVersion, written.metadata.resourceVersion) ? pod : written;
  }
}
