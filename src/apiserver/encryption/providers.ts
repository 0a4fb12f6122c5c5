import { isEncrypted } from "../storage/unreadable-value.ts";
import { type Opened, type Provider, SealBroken, type Transformer } from "./transformer.ts";

/** Values as they are. Those that are encrypted are another provider's. */
export const identity: Provider = {
  prefix: "",
  seal: (plain) => plain,
  open: (bytes) => ({ bytes, stale: false }),
};

/** Several keys, or several providers: the first one writes, all of them read. */
export class Providers implements Transformer {
  readonly #providers: readonly { readonly provider: Provider; readonly prefix: Buffer }[];

  constructor(providers: readonly Provider[]) {
    this.#providers = providers.map((provider) => ({ provider, prefix: Buffer.from(provider.prefix) }));
  }

  /** How values begin that are written now. */
  get prefix(): string {
    return this.#providers[0]!.provider.prefix;
  }

  seal(plain: Uint8Array, key: string): Uint8Array {
    const { provider, prefix } = this.#providers[0]!;
    const sealed = provider.seal(plain, key);
    return prefix.length === 0 ? sealed : Buffer.concat([prefix, sealed]);
  }

  /** Tries all whose prefix it has, in turn. Throws what the only one has said, or that there is none. */
  async open(stored: Uint8Array, key: string): Promise<Opened & { readonly prefix: string }> {
    const failures: Error[] = [];
    for (const [index, { provider, prefix }] of this.#providers.entries()) {
      if (!beginsWith(stored, prefix) || (prefix.length === 0 && isEncrypted(stored))) continue;
      try {
        const opened = provider.open(stored.subarray(prefix.length), key);
        const { bytes, stale } = opened instanceof Promise ? await opened : opened;
        return { bytes, stale: stale || index > 0, prefix: provider.prefix };
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        failures.push(error);
      }
    }
    if (failures.length === 0) throw new SealBroken("no matching prefix found");
    if (failures.length === 1) throw failures[0]!;
    throw new SealBroken(`[${failures.map(({ message }) => message).join(", ")}]`, { cause: failures[0] });
  }
}

const beginsWith = (bytes: Uint8Array, prefix: Buffer): boolean =>
  prefix.equals(bytes.subarray(0, prefix.length));
