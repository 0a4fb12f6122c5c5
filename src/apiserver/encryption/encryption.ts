/** Encryption at rest: what the configuration file says, kept true while the file changes. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Registry } from "prom-client";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import { watchFile } from "#base/node/watched-file";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import type { Store } from "#store/store";
import type { Health, HealthCheck } from "../health/health.ts";
import { aesCbc } from "./aes-cbc.ts";
import { aesGcm } from "./aes-gcm.ts";
import {
  type EncryptionConfiguration,
  EncryptionConfigurationError,
  type ProviderConfiguration,
  parseEncryptionConfiguration,
} from "./configuration.ts";
import { EncryptedStore } from "./encrypted-store.ts";
import { KmsProvider } from "./kms/kms-provider.ts";
import { EncryptionMetrics } from "./metrics.ts";
import { identity } from "./providers.ts";
import { type Protection, ResourceTransformers } from "./resource-transformers.ts";
import { secretbox } from "./secretbox.ts";
import type { Provider } from "./transformer.ts";

const log = logger("apiserver.encryption");

export interface EncryptionOptions {
  /** Path of an `apiserver.config.k8s.io/v1` EncryptionConfiguration. */
  readonly configFile: string;
  /** What it says, where it need not be read, or is not meant word by word; not with `reload`. */
  readonly text?: string;
  /** Takes the file in again whenever it changes; one that cannot be used is logged, and the one before stays. */
  readonly reload?: boolean;
  readonly clock: Clock;
  /** Good enough for keys. */
  readonly random: Random;
  readonly scope: Scope;
}

/** The server that it works for. */
export interface Attached {
  readonly registry: Registry;
  readonly health: Pick<Health, "add">;
  readonly onRetry: () => void;
}

/** One configuration in use. */
interface InUse {
  readonly configuration: EncryptionConfiguration;
  readonly transformers: ResourceTransformers;
  readonly plugins: readonly KmsProvider[];
}

/** A configuration that was replaced is let go of after this long. */
const RETIRED_MS = 10_000;

const NOTHING: EncryptionConfiguration = { resources: [] };

const CIPHERS = { aescbc: aesCbc, aesgcm: aesGcm, secretbox } as const;

/** For `startApiServer`, which puts it between itself and its store. */
export class Encryption {
  readonly #options: EncryptionOptions;
  readonly #metrics = new EncryptionMetrics();
  readonly #retries = new Set<() => void>();
  #inUse: InUse = {
    configuration: NOTHING,
    transformers: new ResourceTransformers(NOTHING, () => []),
    plugins: [],
  };
  readonly #retired = new Set<InUse>();
  readonly #cancels = new Set<() => void>();
  #missed = false;

  private constructor(options: EncryptionOptions) {
    this.#options = options;
  }

  /** Reads the file. Throws EncryptionConfigurationError, with the file's name, for one that cannot be used. */
  static async open(options: EncryptionOptions): Promise<Encryption> {
    const { configFile, reload = false, scope } = options;
    const encryption = new Encryption(options);
    const text = options.text ?? (await configurationText(configFile));
    await encryption.#use(text, false);
    scope.defer(() => encryption.#close());
    if (reload) {
      const onChange = (changed: string) => encryption.#reload(changed);
      watchFile({ path: configFile, text, onChange, signal: scope.signal });
    }
    return encryption;
  }

  /** The store as the server sees it. */
  around(store: Store): Store & { isStale(key: string): Promise<boolean> } {
    return new EncryptedStore(store, this);
  }

  /** What is in force now. */
  get configuration(): EncryptionConfiguration {
    return this.#inUse.configuration;
  }

  /** Prefixes of the store's keys whose values are encrypted; those of custom kinds are not among them. */
  get prefixes(): readonly string[] {
    return this.#inUse.transformers.prefixes;
  }

  /** How values of this key are kept; undefined: as they are. */
  of(key: string): Protection | undefined {
    return this.#inUse.transformers.of(key);
  }

  /** Begins to measure one value; call the answer when it is done. */
  measure(direction: "to_storage" | "from_storage", resource: string) {
    const { clock } = this.#options;
    const begun = clock.monotonic();
    return (prefix: string, succeeded: boolean): void =>
      this.#metrics.transformed(direction, resource, prefix, succeeded, clock.monotonic() - begun);
  }

  /** A value could not be read. */
  missed(): void {
    this.#missed = true;
  }

  /** `onRetry` is called when values that could not be read may be readable now. */
  attach({ registry, health, onRetry }: Attached): void {
    this.#metrics.register(registry);
    this.#retries.add(onRetry);
    for (const check of this.#healthChecks()) health.add(check);
  }

  /** Not well while a KMS plugin is not. None where there are no plugins and none can come. */
  #healthChecks(): readonly HealthCheck[] {
    const { plugins } = this.#inUse;
    if (this.#options.reload) {
      const check = async () => {
        const problems = await Promise.all(this.#inUse.plugins.map((plugin) => plugin.problem()));
        return problems.find((problem) => problem !== undefined);
      };
      return [{ name: "kms-providers", check }];
    }
    return plugins.map((plugin, index) => ({
      name: `kms-provider-${index}`,
      check: () => plugin.problem(),
    }));
  }

  async #reload(text: string): Promise<void> {
    const { clock, configFile } = this.#options;
    try {
      await this.#use(text, true);
      this.#metrics.reloaded(true, clock.now());
      log.info("the encryption configuration was taken in", { configFile });
    } catch (error) {
      this.#metrics.reloaded(false, clock.now());
      log.error("the encryption configuration was refused, the one before stays", { configFile, error });
    }
  }

  /** All or nothing. Only at the start, with nothing to fall back to, may a plugin come later. */
  async #use(text: string, mustBeWell: boolean): Promise<void> {
    const { configFile } = this.#options;
    const next = this.#made(text);
    try {
      await Promise.all(next.plugins.map((plugin) => plugin.start()));
      const problems = await Promise.all(next.plugins.map((plugin) => plugin.problem()));
      const problem = problems.find((found) => found !== undefined);
      if (problem !== undefined && mustBeWell) throw new Error(`${configFile}: ${problem}`);
    } catch (error) {
      this.#end(next);
      throw error;
    }
    const before = this.#inUse;
    this.#inUse = next;
    this.#retire(before);
    this.#metrics.configured(`sha256:${createHash("sha256").update(text).digest("hex")}`);
    this.#retry();
  }

  #made(text: string): InUse {
    const { configFile } = this.#options;
    const plugins: KmsProvider[] = [];
    // A provider of several kinds is one, with one connection.
    const known = new Map<ProviderConfiguration, readonly Provider[]>();
    const make = (configured: ProviderConfiguration) => {
      const made = known.get(configured) ?? this.#providersOf(configured, plugins);
      known.set(configured, made);
      return made;
    };
    try {
      const configuration = parseEncryptionConfiguration(text);
      return { configuration, transformers: new ResourceTransformers(configuration, make), plugins };
    } catch (error) {
      for (const plugin of plugins) plugin.close();
      if (!(error instanceof EncryptionConfigurationError)) throw error;
      throw new EncryptionConfigurationError(`${configFile}: ${error.message}`, { cause: error });
    }
  }

  #providersOf(configured: ProviderConfiguration, plugins: KmsProvider[]): readonly Provider[] {
    const { clock, random } = this.#options;
    if (configured.type === "identity") return [identity];
    if (configured.type === "kms") {
      const onRecovered = () => this.#retry();
      const plugin = new KmsProvider({ ...configured, clock, random, metrics: this.#metrics, onRecovered });
      plugins.push(plugin);
      return [plugin];
    }
    const { type, keys } = configured;
    return keys.map(({ name, secret }) => ({
      ...CIPHERS[type](secret, random),
      prefix: `k8s:enc:${type}:v1:${name}:`,
    }));
  }

  /** Reads that have begun with it may come to their end. */
  #retire(before: InUse): void {
    if (before.plugins.length === 0) return;
    this.#retired.add(before);
    const cancel = this.#options.clock.after(RETIRED_MS, () => {
      this.#retired.delete(before);
      this.#end(before);
    });
    this.#cancels.add(cancel);
  }

  #close(): void {
    for (const cancel of this.#cancels) cancel();
    for (const inUse of [this.#inUse, ...this.#retired]) this.#end(inUse);
  }

  #end({ plugins }: InUse): void {
    for (const plugin of plugins) plugin.close();
  }

  #retry(): void {
    if (!this.#missed) return;
    this.#missed = false;
    for (const retry of this.#retries) retry();
  }
}

async function configurationText(configFile: string): Promise<string> {
  try {
    return await readFile(configFile, "utf8");
  } catch (cause) {
    throw new EncryptionConfigurationError(
      `error reading encryption provider configuration file ${JSON.stringify(configFile)}`,
      { cause },
    );
  }
}
