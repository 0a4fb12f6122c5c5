import type { PathHandler } from "../request/handlers.ts";

/** One thing that must be well. An error or a text says what is not. */
export interface HealthCheck {
  readonly name: string;
  check(): string | undefined | Promise<string | undefined>;
  /** Whether it only tells if requests should be sent here, not if the process is sound. */
  readonly onlyReadiness?: boolean;
}

/** `/livez`, `/readyz` and `/healthz`, whole and check by check. */
export class Health {
  readonly #checks: HealthCheck[] = [{ name: "ping", check: () => undefined }];

  add(check: HealthCheck): void {
    this.#checks.push(check);
  }

  readonly handle: PathHandler = async ({ exchange, info, headers }) => {
    const [, root = "", ...rest] = exchange.path.split("/");
    const checks = this.#checks.filter(({ onlyReadiness }) => root === "readyz" || !onlyReadiness);
    const wanted = rest.join("/");
    const excluded = new Set(info.query.getAll("exclude"));
    const chosen = checks.filter(({ name }) => (wanted === "" ? !excluded.has(name) : name === wanted));
    if (wanted !== "" && chosen.length === 0) {
      return exchange.reply(
        404,
        { ...headers, "content-type": "text/plain" },
        Buffer.from("404 page not found\n"),
      );
    }
    const results = await Promise.all(
      chosen.map(async (check) => ({ name: check.name, problem: await problemOf(check) })),
    );
    const failed = results.filter(({ problem }) => problem !== undefined);
    const verbose = info.query.has("verbose") || failed.length > 0;
    const lines = results.map(({ name, problem }) =>
      problem === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`,
    );
    const verdict = failed.length === 0 ? `${root} check passed` : `${root} check failed`;
    const text =
      verbose && wanted === ""
        ? `${[...lines, verdict].join("\n")}\n`
        : failed.length === 0
          ? "ok"
          : `${lines.join("\n")}\n`;
    const type = "text/plain; charset=utf-8";
    exchange.reply(
      failed.length === 0 ? 200 : 500,
      { ...headers, "content-type": type, "x-content-type-options": "nosniff" },
      Buffer.from(text),
    );
  };
}

async function problemOf({ check }: HealthCheck): Promise<string | undefined> {
  try {
    return await check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
