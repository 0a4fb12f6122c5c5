/** The keys that sign service-account tokens, and what the world needs to check them. */
import { type KeyObject, createHash, createPublicKey } from "node:crypto";

export interface TokenKey {
  /** Names the key in a token's head: a hash of the public key. */
  readonly id: string;
  readonly algorithm: "ES256" | "RS256";
  readonly publicKey: KeyObject;
}

export interface JsonWebKey {
  readonly use: "sig";
  readonly kid: string;
  readonly alg: string;
  readonly kty: string;
  readonly [parameter: string]: string;
}

export class TokenKeys {
  readonly signing: TokenKey;
  readonly privateKey: KeyObject;
  readonly #byId: ReadonlyMap<string, TokenKey>;

  /** `older`: public keys whose tokens still count. */
  constructor(privateKey: KeyObject, older: readonly KeyObject[] = []) {
    this.privateKey = privateKey;
    this.signing = tokenKey(createPublicKey(privateKey));
    this.#byId = new Map([...older.map(tokenKey), this.signing].map((key) => [key.id, key]));
  }

  find(id: string | undefined): TokenKey | undefined {
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** The document at `/openid/v1/jwks`. */
  jsonWebKeys(): { readonly keys: readonly JsonWebKey[] } {
    return { keys: [...this.#byId.values()].map(jsonWebKey) };
  }
}

function tokenKey(publicKey: KeyObject): TokenKey {
  const spki = publicKey.export({ type: "spki", format: "der" });
  const id = createHash("sha256").update(spki).digest("base64url");
  return { id, algorithm: publicKey.asymmetricKeyType === "rsa" ? "RS256" : "ES256", publicKey };
}

const jsonWebKey = ({ id, algorithm, publicKey }: TokenKey): JsonWebKey => ({
  use: "sig",
  ...(publicKey.export({ format: "jwk" }) as { kty: string }),
  kid: id,
  alg: algorithm,
});

/** The document at `/.well-known/openid-configuration`. */
export const openIdConfiguration = (issuer: string, jwksUri: string, { signing }: TokenKeys) => ({
  issuer,
  jwks_uri: jwksUri,
  response_types_supported: ["id_token"],
  subject_types_supported: ["public"],
  id_token_signing_alg_values_supported: [signing.algorithm],
});
