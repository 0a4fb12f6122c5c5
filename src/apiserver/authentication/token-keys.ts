/** The keys that sign service-account tokens, and what the world needs to check them. */
import { type KeyObject, createHash, createPublicKey } from "node:crypto";

export interface TokenKey {
  /** Names the key in a token's head: a hash of the public key. */
  readonly id: string;
  readonly algorithm: "ES256" | "ES384" | "ES512" | "RS256";
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

  get algorithms(): readonly string[] {
    return [...new Set(Array.from(this.#byId.values(), ({ algorithm }) => algorithm))].toSorted();
  }

  /** The document at `/openid/v1/jwks`. */
  jsonWebKeys(): { readonly keys: readonly JsonWebKey[] } {
    return { keys: [...this.#byId.values()].map(jsonWebKey) };
  }
}

const CURVES: Readonly<Record<string, TokenKey["algorithm"]>> = {
  prime256v1: "ES256",
  secp384r1: "ES384",
  secp521r1: "ES512",
};

function tokenKey(publicKey: KeyObject): TokenKey {
  const spki = publicKey.export({ type: "spki", format: "der" });
  const id = createHash("sha256").update(spki).digest("base64url");
  return { id, algorithm: algorithmOf(publicKey), publicKey };
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): TokenKey["algorithm"] {
  if (asymmetricKeyType === "rsa") return "RS256";
  const algorithm = CURVES[asymmetricKeyDetails?.namedCurve ?? ""];
  if (!algorithm)
    throw new Error("a key of service accounts has to be RSA, or ECDSA on P-256, P-384 or P-521");
  return algorithm;
}

const jsonWebKey = ({ id, algorithm, publicKey }: TokenKey): JsonWebKey => ({
  use: "sig",
  ...(publicKey.export({ format: "jwk" }) as { kty: string }),
  kid: id,
  alg: algorithm,
});

/** The document at `/.well-known/openid-configuration`. */
export const openIdConfiguration = (issuer: string, jwksUri: string, keys: TokenKeys) => ({
  issuer,
  jwks_uri: jwksUri,
  response_types_supported: ["id_token"],
  subject_types_supported: ["public"],
  id_token_signing_alg_values_supported: keys.algorithms,
});
