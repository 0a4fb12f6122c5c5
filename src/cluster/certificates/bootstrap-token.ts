/** Tokens with which a new node introduces itself: `abcdef.0123456789abcdef`, kept as a Secret of kube-system. */
import type { Random } from "#base/random";

export interface BootstrapToken {
  /** Public, names the Secret. */
  readonly id: string;
  readonly secret: string;
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";
const ID_LENGTH = 6;
const SECRET_LENGTH = 16;

/** The group whose members may ask for a node's client certificate. */
export const NODE_BOOTSTRAP_GROUP = "system:bootstrappers:k8ts:default-node-token";

export const newBootstrapToken = (random: Random): BootstrapToken => ({
  id: characters(random, ID_LENGTH),
  secret: characters(random, SECRET_LENGTH),
});

export const formatBootstrapToken = ({ id, secret }: BootstrapToken): string => `${id}.${secret}`;

export function parseBootstrapToken(text: string): BootstrapToken | undefined {
  const match = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(text);
  return match ? { id: match[1]!, secret: match[2]! } : undefined;
}

export interface BootstrapSecretOptions {
  readonly description?: string;
  /** RFC 3339; absent: it never expires. */
  readonly expiration?: string;
  readonly groups?: readonly string[];
}

/** The Secret (as a client sends it) that makes the token known to the cluster. */
export function bootstrapSecret(token: BootstrapToken, options: BootstrapSecretOptions = {}) {
  const { description, expiration, groups = [NODE_BOOTSTRAP_GROUP] } = options;
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `bootstrap-token-${token.id}`, namespace: "kube-system" },
    type: "bootstrap.kubernetes.io/token",
    stringData: {
      "token-id": token.id,
      "token-secret": token.secret,
      "usage-bootstrap-authentication": "true",
      "usage-bootstrap-signing": "true",
      "auth-extra-groups": groups.join(","),
      ...(description === undefined ? {} : { description }),
      ...(expiration === undefined ? {} : { expiration }),
    },
  };
}

/** Even choice: bytes that would favour the alphabet's start are thrown away. */
function characters(random: Random, length: number): string {
  const fair = 256 - (256 % ALPHABET.length);
  let out = "";
  while (out.length < length) {
    for (const octet of random.bytes(length)) {
      if (octet < fair && out.length < length) out += ALPHABET[octet % ALPHABET.length];
    }
  }
  return out;
}
