/** How objects are encrypted in the store: the flags of the API server, and one of ours. */
import { type Flag, file, toggle } from "./flag.ts";

export const encryptionFlags = {
  "encryption-provider-config": file({
    help: "EncryptionConfiguration: which kinds are encrypted in the store, and how",
  }),
  "encryption-provider-config-automatic-reload": toggle({ help: "read it anew whenever it changes" }),
  "encrypt-secrets": toggle({
    help: "without such a file, secrets are encrypted with a key of the cluster's own; by default true",
  }),
} as const satisfies Readonly<Record<string, Flag<unknown>>>;
