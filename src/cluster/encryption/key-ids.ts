/** By what encrypted values and configurations name their keys: `secretbox:one`, `kms:vault`. */
import type { EncryptionConfiguration, ProviderConfiguration } from "#apiserver/encryption/configuration";
import type { Entry } from "#store/store";

const SEALED = "k8s:enc:";
/** Longer than any type, version and name that are sensible. */
const HEAD_BYTES = 256;
/** Names of keys that were made here begin so. */
export const OWN_NAME = "k8ts-";

/** With which key the value was written; undefined for one that is not encrypted. */
export function keyIdOf({ value }: Pick<Entry, "value">): string | undefined {
  if (value[0] !== SEALED.charCodeAt(0) || value[SEALED.length - 1] !== SEALED.charCodeAt(SEALED.length - 1))
    return undefined;
  const head = new TextDecoder("latin1").decode(value.subarray(0, HEAD_BYTES));
  const [, type, name] = /^k8s:enc:([a-z]+):v[0-9]+:([^:]*):/.exec(head) ?? [];
  return type === undefined ? undefined : `${type}:${name}`;
}

/** Was the key made here, or is it of a configuration that somebody wrote? */
export const isOwn = (keyId: string): boolean => keyId.split(":")[1]!.startsWith(OWN_NAME);

/** Every key of a configuration. */
export const keyIdsOf = ({ resources }: EncryptionConfiguration): ReadonlySet<string> =>
  new Set(resources.flatMap(({ providers }) => providers.flatMap(idsOf)));

/** The key that secrets are written with; undefined: they are not encrypted. */
export function writerOf({ resources }: EncryptionConfiguration): string | undefined {
  const names = ["secrets", "*.", "*.*"];
  const of = resources.find((entry) => entry.resources.some((name) => names.includes(name)));
  return of && idsOf(of.providers[0]!)[0];
}

function idsOf(provider: ProviderConfiguration): readonly string[] {
  if (provider.type === "identity") return [];
  if (provider.type === "kms") return [`kms:${provider.name}`];
  return provider.keys.map(({ name }) => `${provider.type}:${name}`);
}
