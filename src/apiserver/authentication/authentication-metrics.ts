import { Counter, Histogram, type Registry } from "prom-client";
import type { User } from "../contracts.ts";

type Result = "success" | "failure" | "error";

const BUCKETS_SECONDS = Array.from({ length: 15 }, (_, index) => 0.001 * 2 ** index);

/** Users that are counted by name; there may be any number of others. */
const COUNTED = new Set([
  "admin",
  "client",
  "kube_proxy",
  "kubelet",
  "system:serviceaccount:kube-system:default",
]);

/** Who asks, and how often that cannot be told. */
export class AuthenticationMetrics {
  readonly #users: Counter<"username">;
  readonly #attempts: Readonly<Record<Result, { inc(): void }>>;
  readonly #durations: Readonly<Record<Result, { observe(seconds: number): void }>>;
  readonly #others: { inc(): void };

  constructor(registry: Registry) {
    const registers = [registry];
    this.#users = new Counter({
      name: "authenticated_user_requests",
      help: "Requests by who asked.",
      labelNames: ["username"],
      registers,
    });
    const attempts = new Counter({
      name: "authentication_attempts",
      help: "Requests by whether it could be told who asks.",
      labelNames: ["result"],
      registers,
    });
    const durations = new Histogram({
      name: "authentication_duration_seconds",
      help: "Seconds until it was told who asks.",
      labelNames: ["result"],
      buckets: BUCKETS_SECONDS,
      registers,
    });
    const each = <T>(of: (result: Result) => T) => ({
      success: of("success"),
      failure: of("failure"),
      error: of("error"),
    });
    // Looked up once: finding a series by its labels costs more than counting.
    this.#attempts = each((result) => attempts.labels({ result }));
    this.#durations = each((result) => durations.labels({ result }));
    this.#others = this.#users.labels({ username: "other" });
  }

  done(result: Result, tookMs: number, user?: User): void {
    this.#attempts[result].inc();
    this.#durations[result].observe(tookMs / 1000);
    if (!user) return;
    if (COUNTED.has(user.name)) this.#users.inc({ username: user.name });
    else this.#others.inc();
  }
}
