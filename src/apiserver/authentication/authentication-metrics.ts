import type { Registry } from "prom-client";
import type { User } from "../contracts.ts";
import { Histogram } from "../instruments/histogram.ts";
import { register } from "../instruments/instrument.ts";

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

/** Who asks, and how often that cannot be told. Plain numbers: this is counted with every request. */
export class AuthenticationMetrics {
  readonly #users = new Map<string, number>();
  readonly #results = new Map<Result, Histogram>();

  constructor(registry: Registry) {
    const [users, results] = [this.#users, this.#results];
    register(registry, {
      name: "authenticated_user_requests",
      help: "Requests by who asked.",
      type: "counter",
      *samples() {
        for (const [username, value] of users) yield { labels: { username }, value };
      },
    });
    register(registry, {
      name: "authentication_attempts",
      help: "Requests by whether it could be told who asks.",
      type: "counter",
      *samples() {
        for (const [result, { counts }] of results)
          yield { labels: { result }, value: counts.reduce((sum, count) => sum + count, 0) };
      },
    });
    register(registry, {
      name: "authentication_duration_seconds",
      help: "Seconds until it was told who asks.",
      type: "histogram",
      *samples() {
        for (const [result, value] of results) yield { labels: { result }, value };
      },
    });
  }

  done(result: Result, tookMs: number, user?: User): void {
    let durations = this.#results.get(result);
    if (!durations) this.#results.set(result, (durations = new Histogram(BUCKETS_SECONDS)));
    durations.observe(tookMs / 1000);
    if (!user) return;
    const name = COUNTED.has(user.name) ? user.name : "other";
    this.#users.set(name, (this.#users.get(name) ?? 0) + 1);
  }
}
