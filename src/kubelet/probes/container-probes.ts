import type { Clock } from "#base/clock";
import type { ContainerRuntime } from "../cri/client.ts";
import type { ObservedContainer } from "../pod/observed.ts";
import type { Verdict } from "../pod/plan.ts";
import type { Container, Probe } from "../pod/spec.ts";
import { Prober, type ProbeKind } from "./prober.ts";
import { runProbe } from "./run-probe.ts";

export interface ProbeListener {
  /** `started`, `ready` or `verdict` is no longer what it was. */
  changed(): void;
  unhealthy(container: Container, kind: ProbeKind, output: string): void;
}

/** What the probes of one running container say of it. */
export class ContainerProbes {
  readonly #container: Container;
  readonly #observed: ObservedContainer;
  readonly #host: string;
  readonly #runtime: ContainerRuntime;
  readonly #clock: Clock;
  readonly #listener: ProbeListener;
  readonly #probers = new Map<ProbeKind, Prober>();
  #started: boolean;
  #ready: boolean;
  #verdict: Verdict | undefined;

  /** `before`: what was known of this very container by a kubelet that ran earlier. */
  constructor(
    options: {
      readonly container: Container;
      readonly observed: ObservedContainer;
      readonly host: string;
      readonly runtime: ContainerRuntime;
      readonly clock: Clock;
      readonly before?: { readonly started: boolean; readonly ready: boolean } | undefined;
    },
    listener: ProbeListener,
  ) {
    this.#container = options.container;
    this.#observed = options.observed;
    this.#host = options.host;
    this.#runtime = options.runtime;
    this.#clock = options.clock;
    this.#listener = listener;
    this.#started = !this.#container.startupProbe || options.before?.started === true;
    this.#ready = !this.#container.readinessProbe || options.before?.ready === true;
    if (this.#started) this.#watchRunning();
    else this.#add("startup", this.#container.startupProbe!);
  }

  /** It has passed its startup probe, or has none. */
  get started(): boolean {
    return this.#started;
  }

  get ready(): boolean {
    return this.#started && this.#ready;
  }

  /** Why it must be restarted. */
  get verdict(): Verdict | undefined {
    return this.#verdict;
  }

  /** A pod on its way out is no longer restarted, but still says whether it serves. */
  stopJudging(): void {
    for (const kind of ["startup", "liveness"] as const) this.#stop(kind);
    this.#verdict = undefined;
  }

  stop(): void {
    for (const kind of ["startup", "liveness", "readiness"] as const) this.#stop(kind);
  }

  #stop(kind: ProbeKind): void {
    this.#probers.get(kind)?.stop();
    this.#probers.delete(kind);
  }

  #watchRunning(): void {
    const { livenessProbe, readinessProbe } = this.#container;
    if (livenessProbe) this.#add("liveness", livenessProbe);
    if (readinessProbe) this.#add("readiness", readinessProbe);
  }

  #add(kind: ProbeKind, probe: Probe): void {
    const target = {
      runtime: this.#runtime,
      clock: this.#clock,
      container: this.#container,
      containerId: this.#observed.id,
      host: this.#host,
    };
    const prober = new Prober({
      kind,
      probe,
      clock: this.#clock,
      startedAtMs: this.#observed.startedAtMs,
      run: () => runProbe(probe, target),
      onVerdict: (good, output) => this.#judge(kind, probe, good, output),
      onFailure: (output) => this.#listener.unhealthy(this.#container, kind, output),
    });
    this.#probers.set(kind, prober);
    prober.start();
  }

  #judge(kind: ProbeKind, probe: Probe, good: boolean, output: string): void {
    if (kind === "readiness") {
      this.#ready = good;
    } else if (!good) {
      const graceSeconds =
        probe.terminationGracePeriodSeconds === undefined
          ? undefined
          : Number(probe.terminationGracePeriodSeconds);
      this.#verdict = { why: kind, message: output, graceSeconds };
      this.#stop(kind);
    } else if (kind === "startup") {
      this.#started = true;
      this.#stop("startup");
      this.#watchRunning();
    }
    this.#listener.changed();
  }
}
