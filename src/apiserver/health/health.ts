import { type Sample, register } from "../instruments/instrument.ts";
import type { Registry } from "prom-client";
import type { PathHandler, PathRequest } from "../request/handlers.ts";

/** One thing that must be well. An error or a text says what is not. */
export interface HealthCheck {
  readonly name: string;
  check(): string | undefined | Promise<string | undefined>;
  /** Whether it only tells if requests should be sent here, not if the process is sound. */
  readonly onlyReadiness?: boolean;
}

interface Result {
  readonly name: string;
  /** Undefined: all is well. */
  readonly problem: string | undefined;
}

/** How often a check was well and was not, below one root. */
interface Tally {
  readonly name: string;
  readonly root: string;
  well: number;
  ill: number;
  isWell: boolean;
}

/** `/livez`, `/readyz` and `/healthz`, whole and check by check. */
export class Health {
  readonly #checks: HealthCheck[] = [{ name: "ping", check: () => undefined }];
  readonly #tallies = new Map<string, Tally>();
  #isShuttingDown = false;

  add(check: HealthCheck): void {
    this.#checks.push(check);
  }

  /** Steps of the start that are done by the time that anybody can ask. Clients look some of them up. */
  done(...steps: readonly string[]): void {
    for (const step of steps) this.add({ name: `poststarthook/${step}`, check: () => undefined });
  }

  /** From here on, requests should go elsewhere. */
  shutDown(): void {
    this.#isShuttingDown = true;
  }

  /** Shows what the checks said whenever somebody asked. */
  register(registry: Registry): void {
    const tallies = this.#tallies;
    register(registry, {
      name: "kubernetes_healthcheck",
      help: "1 for checks that were well when last asked, 0 for others.",
      type: "gauge",
      *samples(): Generator<Sample> {
        for (const { name, root, isWell } of tallies.values())
          yield { labels: { name, type: root }, value: isWell ? 1 : 0 };
      },
    });
    register(registry, {
      name: "kubernetes_healthchecks_total",
      help: "How often checks were asked, by what they said.",
      type: "counter",
      *samples(): Generator<Sample> {
        for (const { name, root, well, ill } of tallies.values()) {
          if (well > 0) yield { labels: { name, type: root, status: "success" }, value: well };
          if (ill > 0) yield { labels: { name, type: root, status: "error" }, value: ill };
        }
      },
    });
  }

  readonly handle: PathHandler = async (request) => {
    const [, root = "", ...rest] = request.exchange.path.split("/");
    const checks = this.#of(root);
    const wanted = rest.join("/");
    if (wanted === "") return this.#all(request, root, checks);
    const check = checks.find(({ name }) => name === wanted);
    if (!check) return reply(request, 404, "404 page not found\n");
    const { problem } = await this.#ask(check, root);
    if (problem === undefined) return reply(request, 200, "ok");
    return reply(request, 500, `internal server error: ${problem}\n`);
  };

  /** The checks below one root, in their order. */
  #of(root: string): readonly HealthCheck[] {
    if (root !== "readyz") return this.#checks.filter(({ onlyReadiness }) => !onlyReadiness);
    const check = () => (this.#isShuttingDown ? "process is shutting down" : undefined);
    return [...this.#checks, { name: "shutdown", check }];
  }

  async #all(request: PathRequest, root: string, checks: readonly HealthCheck[]): Promise<void> {
    const { query } = request.info;
    const excluded = new Set(query.getAll("exclude"));
    const results = await Promise.all(
      checks.map((check) => (excluded.has(check.name) ? check.name : this.#ask(check, root))),
    );
    const isWell = results.every((result) => typeof result === "string" || result.problem === undefined);
    if (isWell && !query.has("verbose")) return reply(request, 200, "ok");
    for (const { name } of checks) excluded.delete(name);
    const unknown = [...excluded].map((name) => JSON.stringify(name)).join(", ");
    const warning =
      unknown === "" ? [] : [`warn: some health checks cannot be excluded: no matches for ${unknown}`];
    const verdict = `${root} check ${isWell ? "passed" : "failed"}`;
    reply(request, isWell ? 200 : 500, `${[...results.map(lineOf), ...warning, verdict].join("\n")}\n`);
  }

  async #ask(check: HealthCheck, root: string): Promise<Result> {
    const problem = await problemOf(check);
    const key = `${root} ${check.name}`;
    let tally = this.#tallies.get(key);
    if (!tally) this.#tallies.set(key, (tally = { name: check.name, root, well: 0, ill: 0, isWell: true }));
    tally.isWell = problem === undefined;
    if (tally.isWell) tally.well++;
    else tally.ill++;
    return { name: check.name, problem };
  }
}

/** Why a check fails is for those who may ask for it by its name. */
const lineOf = (result: Result | string): string =>
  typeof result === "string"
    ? `[+]${result} excluded: ok`
    : result.problem === undefined
      ? `[+]${result.name} ok`
      : `[-]${result.name} failed: reason withheld`;

function reply({ exchange, headers }: PathRequest, code: number, text: string): void {
  const type = "text/plain; charset=utf-8";
  exchange.reply(
    code,
    { ...headers, "content-type": type, "x-content-type-options": "nosniff" },
    Buffer.from(text),
  );
}

export async function problemOf({ check }: HealthCheck): Promise<string | undefined> {
  try {
    return await check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
