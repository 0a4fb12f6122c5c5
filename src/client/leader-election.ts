import { Lease } from "#api/coordination-v1/lease";
import { type Clock, sleep } from "#base/clock";
import { logger } from "#base/log";
import type { Random } from "#base/random";
import { Scope } from "#base/scope";
import { hasReason } from "#machinery/status";
import { formatMicroTime } from "#machinery/time";
import type { Address } from "./address.ts";
import type { Client } from "./client.ts";

const log = logger("leader-election");

export interface LeaderElectionOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** The Lease that candidates compete for. */
  readonly lease: Address;
  /** Who this candidate is; no two may have the same. */
  readonly identity: string;
  /** Without a renewal for so long, others may take over. */
  readonly leaseMs?: number;
  /** A leader that could not renew for so long steps down. */
  readonly renewDeadlineMs?: number;
  /** How often the leader renews and the others look. */
  readonly retryMs?: number;
}

/** Share of `retryMs` that chance adds while waiting to become leader. */
const JITTER = 1.2;

/** How the lease was last seen, and when by this candidate's own clock: other machines' clocks do not count. */
interface Sighting {
  readonly resourceVersion: string;
  readonly atMs: number;
}

/** One time of leading. */
export interface Term {
  /**
   * Nobody else can have the lease at this moment. It ends by itself, earlier than others may take over, also when
   * this process did not run meanwhile: who writes asks just before, and writes no more once this is false.
   */
  readonly holds: boolean;
}

/**
 * Leads while it holds the lease: `lead` runs in a scope that closes when the lease is lost. Then it competes again at
 * once, whatever of its work still comes to an end without its term, until the signal ends it. At the end all work
 * ends first, and the lease is given back, so that the next one need not wait.
 */
export async function runAsLeader(
  options: LeaderElectionOptions,
  lead: (scope: Scope, term: Term) => Promise<unknown> | undefined | void,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const candidate = new Candidate(options, signal);
  const ending = new Set<Promise<void>>();
  while (await candidate.acquire()) {
    log.info("became leader", { lease: options.lease, identity: options.identity });
    const scope = new Scope();
    const term = candidate.term();
    scope.run(async () => lead(scope, term));
    await candidate.hold();
    log.info("leads no more", { lease: options.lease, identity: options.identity });
    if (!signal.aborted) term.end();
    const end = scope.close().catch((error: unknown) => log.warn("work of a leader ended badly", { error }));
    ending.add(end);
    void end.finally(() => ending.delete(end));
    if (signal.aborted) await end;
    term.end();
    await candidate.release();
  }
  await Promise.all(ending);
}

class Candidate {
  readonly #options: Required<LeaderElectionOptions>;
  readonly #signal: AbortSignal;
  #sighting: Sighting | undefined;
  #held: Lease | undefined;
  /** When the last renewal that succeeded was sent: others count from when they have seen it, which is later. */
  #renewedMs = 0;

  constructor(options: LeaderElectionOptions, signal: AbortSignal) {
    this.#options = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000, ...options };
    this.#signal = signal;
  }

  /** Resolves with true when the lease is ours, with false when the signal ended it. */
  async acquire(): Promise<boolean> {
    const { retryMs, random } = this.#options;
    while (!this.#signal.aborted) {
      if (await this.#try()) return true;
      await this.#pause(retryMs * (1 + JITTER * random.next()));
    }
    return false;
  }

  /** Of the lease that is held now. */
  term(): Term & { end(): void } {
    const { clock, renewDeadlineMs } = this.#options;
    const isFresh = () => clock.monotonic() - this.#renewedMs < renewDeadlineMs;
    let ended = false;
    return {
      get holds() {
        return !ended && isFresh();
      },
      end: () => void (ended = true),
    };
  }

  /** Renews until that has failed for too long, or the signal ends it. */
  async hold(): Promise<void> {
    const { retryMs, renewDeadlineMs, clock } = this.#options;
    const leftMs = () => this.#renewedMs + renewDeadlineMs - clock.monotonic();
    while (!this.#signal.aborted && leftMs() > 0) {
      await this.#pause(Math.min(retryMs, leftMs()));
      if (this.#signal.aborted) return;
      if (leftMs() > 0 && !(await this.#try(leftMs())) && !this.#held) return;
    }
  }

  /** Gives the lease back, where the server can be reached; it expires anyway. */
  async release(): Promise<void> {
    const { client, clock, retryMs } = this.#options;
    const lease = this.#held;
    this.#held = undefined;
    if (!lease) return;
    const late = new AbortController();
    const cancel = clock.after(retryMs, () => late.abort(new Error("too late")));
    const spec = {
      ...lease.spec,
      holderIdentity: "",
      leaseDurationSeconds: 1,
      renewTime: formatMicroTime(clock.now()),
    };
    try {
      await client.update(Lease, { ...lease, spec }, { signal: late.signal });
    } catch (error) {
      log.debug("lease not given back", { error });
    } finally {
      cancel();
    }
  }

  async #try(withinMs = this.#options.renewDeadlineMs): Promise<boolean> {
    const late = new AbortController();
    const { clock } = this.#options;
    const sentMs = clock.monotonic();
    const cancel = clock.after(Math.max(withinMs, 0), () => late.abort(new Error("too late")));
    try {
      const taken = await this.#take(AbortSignal.any([this.#signal, late.signal]));
      if (taken) this.#renewedMs = sentMs;
      return taken;
    } catch (error) {
      if (!this.#signal.aborted) log.debug("lease not written", { error });
      return false;
    } finally {
      cancel();
    }
  }

  /** Creates, takes over or renews the lease; false when somebody else has it. */
  async #take(signal: AbortSignal): Promise<boolean> {
    const { client, lease: at, identity, clock, leaseMs } = this.#options;
    // A leader renews what it wrote last without reading it first.
    const known = this.#held ?? (await client.find(Lease, at, { signal }));
    if (!known)
      return this.#write(() =>
        client.create(Lease, { metadata: at, spec: this.#spec(undefined) }, { signal }),
      );
    const { holderIdentity } = known.spec ?? {};
    const { resourceVersion } = known.metadata;
    const seen = this.#sighting?.resourceVersion === resourceVersion ? this.#sighting : undefined;
    const { atMs } = (this.#sighting = seen ?? { resourceVersion, atMs: clock.monotonic() });
    const heldMs = (known.spec?.leaseDurationSeconds ?? leaseMs / 1000) * 1000;
    const expired = clock.monotonic() - atMs >= heldMs;
    if (holderIdentity && holderIdentity !== identity && !expired) {
      this.#held = undefined;
      return false;
    }
    return this.#write(() => client.update(Lease, { ...known, spec: this.#spec(known) }, { signal }));
  }

  async #write(write: () => Promise<Lease>): Promise<boolean> {
    try {
      this.#held = await write();
      return true;
    } catch (error) {
      // Somebody else wrote: the next look tells who has it.
      if (hasReason(error, "Conflict", "AlreadyExists", "NotFound")) this.#held = undefined;
      throw error;
    }
  }

  #spec(known: Lease | undefined): NonNullable<Lease["spec"]> {
    const { identity, leaseMs, clock } = this.#options;
    const now = formatMicroTime(clock.now());
    const { holderIdentity, acquireTime = now, leaseTransitions = 0 } = known?.spec ?? {};
    const mine = holderIdentity === identity;
    return {
      ...known?.spec,
      holderIdentity: identity,
      leaseDurationSeconds: Math.round(leaseMs / 1000),
      acquireTime: mine ? acquireTime : now,
      renewTime: now,
      leaseTransitions: mine || !known ? leaseTransitions : leaseTransitions + 1,
    };
  }

  async #pause(ms: number): Promise<void> {
    await sleep(this.#options.clock, ms, { signal: this.#signal }).catch(() => undefined);
  }
}
