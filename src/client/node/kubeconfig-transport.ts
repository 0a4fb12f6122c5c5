import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { ResolvedContext } from "../kubeconfig.ts";
import type { TlsMaterial } from "./credentials.ts";
import type { HttpsTransportOptions } from "./https-transport.ts";

/** How to reach the server of a context, and as whom. */
export type Connection = Pick<HttpsTransportOptions, "servers" | "token" | "tokenFile"> & {
  readonly tls: TlsMaterial;
};

/** Reads the files that the context names; their paths count from `folder`. */
export function connectionOf({ cluster, user }: ResolvedContext, folder = "."): Connection {
  for (const [part, asked] of [
    ["exec", user.exec],
    ["proxy-url", cluster["proxy-url"]],
  ] as const) {
    if (asked !== undefined) throw new Error(`${part} in a kubeconfig is not supported`);
  }
  if (user.username !== undefined)
    throw new Error("username and password are not supported; use a token or a certificate");
  const file = (path: string | undefined) =>
    path === undefined ? undefined : readFileSync(resolve(folder, path), "utf8");
  const data = (text: string | undefined) =>
    text === undefined ? undefined : Buffer.from(text, "base64").toString("utf8");
  return {
    servers: [cluster.server],
    tls: {
      ca: data(cluster["certificate-authority-data"]) ?? file(cluster["certificate-authority"]),
      cert: data(user["client-certificate-data"]) ?? file(user["client-certificate"]),
      key: data(user["client-key-data"]) ?? file(user["client-key"]),
      serverName: cluster["tls-server-name"],
      insecure: cluster["insecure-skip-tls-verify"] === true,
    },
    ...(user.token === undefined ? {} : { token: user.token }),
    ...(user.token === undefined && user.tokenFile !== undefined
      ? { tokenFile: resolve(folder, user.tokenFile) }
      : {}),
  };
}
