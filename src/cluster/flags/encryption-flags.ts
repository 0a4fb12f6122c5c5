/** How objects are encrypted in the store: the flags of the API server. */
import { Encryption, type EncryptionOptions } from "#apiserver/encryption/encryption";
import { type Flag, file, toggle } from "./flag.ts";

export const encryptionFlags = {
  "encryption-provider-config": file({
    help: "EncryptionConfiguration: which kinds are encrypted in the store, and how",
  }),
  "encryption-provider-config-automatic-reload": toggle({ help: "read it anew whenever it changes" }),
} as const satisfies Readonly<Record<string, Flag<unknown>>>;

interface EncryptionFlags {
  readonly "encryption-provider-config"?: string;
  readonly "encryption-provider-config-automatic-reload"?: boolean;
}

/** Undefined: objects are stored as they are. Throws EncryptionConfigurationError. */
export async function openEncryption(
  flags: EncryptionFlags,
  around: Omit<EncryptionOptions, "configFile" | "reload">,
): Promise<Encryption | undefined> {
  const configFile = flags["encryption-provider-config"];
  if (configFile === undefined) return undefined;
  const reload = flags["encryption-provider-config-automatic-reload"] ?? false;
  return Encryption.open({ ...around, configFile, reload });
}
