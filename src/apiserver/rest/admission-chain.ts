import type { AnyObject } from "#machinery/schema";
import type {
  Admission,
  AdmissionPlugin,
  AdmissionRounds,
  Operation as AdmissionOperation,
} from "../contracts.ts";
import type { Clock } from "#base/clock";
import type { Operation } from "../request/operation.ts";
import type { AdmissionMetrics, AdmissionType } from "./admission-metrics.ts";

/** What is admitted: the operation, and the object before and after it. */
export interface Admitted {
  readonly operation: AdmissionOperation;
  readonly object: AnyObject | undefined;
  readonly old: AnyObject | undefined;
  readonly name: string;
  readonly options: unknown;
  readonly dryRun: boolean;
}

/** Everyone who has a say in writes, in order. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];
  readonly #clock: Clock;
  readonly #metrics: AdmissionMetrics;

  constructor(plugins: readonly AdmissionPlugin[], clock: Clock, metrics: AdmissionMetrics) {
    this.#plugins = plugins;
    this.#clock = clock;
    this.#metrics = metrics;
  }

  /** The object to go on with. */
  async admit(request: Operation, admitted: Admitted): Promise<AnyObject | undefined> {
    return this.#timed("admit", request, admitted, undefined, async () => {
      const rounds = new Rounds();
      let object = await this.#admitOnce(request, admitted, rounds);
      if (rounds.wanted) {
        rounds.round++;
        object = await this.#admitOnce(request, { ...admitted, object }, rounds);
      }
      return object;
    });
  }

  async #admitOnce(request: Operation, admitted: Admitted, rounds: Rounds): Promise<AnyObject | undefined> {
    let admission: Admission = { ...admissionOf(request, admitted), rounds };
    for (const plugin of this.#plugins) {
      if (!plugin.admit || !plugin.handles(admission)) continue;
      const admitting = this.#timed("admit", request, admitted, plugin, () => plugin.admit!(admission));
      const changed = admitting instanceof Promise ? await admitting : admitting;
      const object = changed ?? admission.object;
      if (object !== admission.object) admission = { ...admission, object };
    }
    return admission.object;
  }

  async validate(request: Operation, admitted: Admitted): Promise<void> {
    return this.#timed("validate", request, admitted, undefined, async () => {
      const admission = admissionOf(request, admitted);
      for (const plugin of this.#plugins) {
        if (!plugin.validate || !plugin.handles(admission)) continue;
        const validating = this.#timed("validate", request, admitted, plugin, () =>
          plugin.validate!(admission),
        );
        if (validating instanceof Promise) await validating;
      }
    });
  }

  /** `plugin`: undefined for all of them. Most need not wait, and then nobody does. */
  #timed<T>(
    type: AdmissionType,
    { waited }: Operation,
    { operation }: Admitted,
    plugin: AdmissionPlugin | undefined,
    run: () => T | Promise<T>,
  ): T | Promise<T> {
    const startMs = this.#clock.monotonic();
    const over = (rejected: boolean) => {
      const tookMs = this.#clock.monotonic() - startMs;
      if (plugin?.asksOthers) waited?.(tookMs);
      this.#metrics.observe({ type, operation, rejected, name: plugin?.name ?? "" }, tookMs);
    };
    const failed = (error: unknown): never => {
      over(true);
      throw error;
    };
    const done = (value: T): T => {
      over(false);
      return value;
    };
    let result: T | Promise<T>;
    try {
      result = run();
    } catch (error) {
      return failed(error);
    }
    return result instanceof Promise ? result.then(done, failed) : done(result);
  }
}

class Rounds implements AdmissionRounds {
  round = 0;
  wanted = false;
  readonly notes = new Map<string, unknown>();

  askAgain(): void {
    this.wanted = true;
  }
}

function admissionOf({ info, kind, user, warn, annotate }: Operation, admitted: Admitted): Admission {
  return {
    ...admitted,
    resource: kind.resource,
    subresource: info.subresource,
    namespace: kind.resource.namespaced ? info.namespace : "",
    user,
    warn,
    annotate,
  };
}
