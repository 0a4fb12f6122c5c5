/** For tests: an issuer of tokens on loopback, which publishes its keys as OpenID Connect says. */
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { selfSigned } from "../../listening-harness.ts";

export interface TestIssuer {
  readonly url: string;
  /** PEM of the authority of its certificate. */
  readonly authority: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** What is answered in place of the documents. */
  failing: boolean;
  /** Adds a key and publishes it. */
  addKey(kid: string, algorithm: string): Promise<void>;
  /** Publishes it no longer. */
  removeKey(kid: string): void;
  /** With the key's own algorithm; `head` changes the token's header. */
  sign(kid: string, claims: Readonly<Record<string, unknown>>, head?: object): Promise<string>;
}

export async function startIssuer(t: { after(end: () => unknown): void }): Promise<TestIssuer> {
  const serving = await selfSigned();
  const pair = { cert: serving.certificate, key: serving.key };
  const published = new Map<string, JWK>();
  const keys = new Map<string, { readonly key: CryptoKey; readonly algorithm: string }>();
  const asked: string[] = [];
  let url = "";
  const server = createServer({ ...pair }, (request, response) => {
    asked.push(request.url!);
    if (issuer.failing) return void response.writeHead(500).end();
    const document =
      request.url === "/.well-known/openid-configuration"
        ? { issuer: url, jwks_uri: `${url}/keys` }
        : { keys: [...published.values()] };
    response.setHeader("content-type", "application/json").end(JSON.stringify(document));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: TestIssuer = {
    url,
    authority: pair.cert,
    asked,
    failing: false,
    async addKey(kid, algorithm) {
      const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
      published.set(kid, { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: "sig" });
      keys.set(kid, { key: privateKey, algorithm });
    },
    removeKey: (kid) => void published.delete(kid),
    sign(kid, claims, head = {}) {
      const { key, algorithm } = keys.get(kid)!;
      return new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid, ...head }).sign(key);
    },
  };
  return issuer;
}
