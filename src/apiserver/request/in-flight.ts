import type { CancelTimer, Clock } from "#base/clock";
import { badRequest } from "#machinery/status";
import { TimeError, parseDuration } from "#machinery/time";
import type { RequestInfo } from "../contracts.ts";
import { Deadlines } from "./deadlines.ts";

/** A request that has begun and must end in time. */
export interface InFlightRequest {
  readonly info: RequestInfo;
  /** Its time is over. */
  expire(): void;
  /** Takes its time limit away; set while it is in flight. */
  cancelDeadline: CancelTimer | undefined;
}

const READS = new Set(["get", "list", "watch", "head", "options"]);

/** Does the request change nothing? */
export const isReadOnly = ({ verb }: RequestInfo): boolean => READS.has(verb);

/** The requests that are being served now, and until when. Watches and connections are none. */
export class InFlight {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #deadlines: Deadlines<InFlightRequest>;
  /** Of those whose clients asked for less time. */
  readonly #timers = new Set<CancelTimer>();
  #reads = 0;
  #writes = 0;
  #readsMost = 0;
  #writesMost = 0;
  #draining = false;
  #onEmpty: (() => void) | undefined;

  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#deadlines = new Deadlines(clock, limitMs, (request) => request.expire());
  }

  /** New requests are turned away. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Throws BadRequest for a timeout that is none. */
  begin(request: InFlightRequest, nowMs: number): void {
    const askedMs = askedTimeoutMs(request.info.query);
    if (isReadOnly(request.info)) this.#readsMost = Math.max(this.#readsMost, ++this.#reads);
    else this.#writesMost = Math.max(this.#writesMost, ++this.#writes);
    request.cancelDeadline =
      askedMs > 0 && askedMs < this.#limitMs
        ? this.#after(askedMs, request)
        : this.#deadlines.add(request, nowMs);
  }

  end(request: InFlightRequest): void {
    if (isReadOnly(request.info)) this.#reads--;
    else this.#writes--;
    request.cancelDeadline?.();
    if (this.#reads + this.#writes === 0) this.#onEmpty?.();
  }

  /** The most at once since the last time that this was asked. */
  takeMost(): { readonly readOnly: number; readonly mutating: number } {
    const most = { readOnly: this.#readsMost, mutating: this.#writesMost };
    this.#readsMost = this.#reads;
    this.#writesMost = this.#writes;
    return most;
  }

  /** Turns new requests away; resolves when the last one has ended, or after `withinMs`. */
  async drain(withinMs: number): Promise<void> {
    this.#draining = true;
    if (this.#reads + this.#writes > 0 && withinMs > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(withinMs, resolve);
        this.#onEmpty = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#deadlines.close();
    for (const cancel of this.#timers) cancel();
  }

  #after(ms: number, request: InFlightRequest): CancelTimer {
    const stop = this.#clock.after(ms, () => {
      this.#timers.delete(cancel);
      request.expire();
    });
    const cancel = () => {
      this.#timers.delete(cancel);
      stop();
    };
    this.#timers.add(cancel);
    return cancel;
  }
}

/** The `timeout` of the query; 0, which stands for no wish, when there is none. */
function askedTimeoutMs(query: URLSearchParams): number {
  const asked = query.size === 0 ? null : query.get("timeout");
  if (!asked) return 0;
  try {
    return parseDuration(asked);
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    throw badRequest(`invalid timeout specified in the request URL - ${error.message}`);
  }
}
