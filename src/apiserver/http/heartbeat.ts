import type { Http2Session } from "node:http2";
import type { CancelTimer, Clock } from "#base/clock";
import { Deadlines } from "../request/deadlines.ts";

/** Finds connections whose other end is gone without a word: a watch over one would stay open for ever. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines<Http2Session>;
  readonly #cancels = new Map<Http2Session, CancelTimer>();
  /** Have been asked, and have not answered. */
  readonly #asked = new WeakSet<Http2Session>();

  /** `everyMs`: so long a session may be silent when it is asked. */
  constructor(clock: Clock, everyMs: number) {
    this.#clock = clock;
    this.#deadlines = new Deadlines(clock, everyMs, (session) => this.#beat(session));
  }

  add(session: Http2Session): void {
    this.#expect(session);
    session.once("close", () => {
      this.#cancels.get(session)?.();
      this.#cancels.delete(session);
    });
  }

  close(): void {
    this.#deadlines.close();
  }

  #beat(session: Http2Session): void {
    if (session.destroyed) return;
    if (this.#asked.has(session)) return session.destroy();
    this.#asked.add(session);
    session.ping(() => this.#asked.delete(session));
    this.#expect(session);
  }

  #expect(session: Http2Session): void {
    this.#cancels.set(session, this.#deadlines.add(session, this.#clock.monotonic()));
  }
}
