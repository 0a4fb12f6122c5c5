import { readFile } from "node:fs/promises";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import { watchFile } from "#base/node/watched-file";
import { ConfigurationError } from "./configuration-file.ts";
import type { ReloadMetrics } from "./reload-metrics.ts";

const log = logger("apiserver.configuration");

export interface Reloading {
  readonly path: string;
  /** Makes what the text says the one that counts; throws when it cannot be used, and leaves all as it was. */
  readonly use: (text: string) => void | Promise<void>;
  readonly metrics: ReloadMetrics;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Uses the file as it is and whenever it changes. A first one that cannot be used throws; a later one is passed over. */
export async function followConfiguration({ path, use, metrics, clock, signal }: Reloading): Promise<void> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new ConfigurationError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  });
  try {
    await use(text);
  } catch (cause) {
    throw new ConfigurationError(`${path}: ${(cause as Error).message}`, { cause });
  }
  metrics.using(text);
  const onChange = async (changed: string) => {
    try {
      await use(changed);
      metrics.using(changed);
      metrics.reloaded("success", clock.now());
      log.info("a configuration file was read anew", { path });
    } catch (error) {
      metrics.reloaded("failure", clock.now());
      log.error("a changed configuration file cannot be used; what was read before still holds", {
        path,
        error,
      });
    }
  };
  watchFile({ path, text, signal, onChange });
}
