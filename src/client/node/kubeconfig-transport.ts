import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import type { ResolvedContext } from "../kubeconfig.ts";
import { HttpsTransport } from "./https-transport.ts";

/** The transport that a kubeconfig's context describes. Paths in it count from `folder`. */
export function transportFor(
  { cluster, user }: ResolvedContext,
  options: {
    readonly clock: Clock;
    readonly random: Random;
    readonly folder?: string;
    readonly userAgent?: string;
  },
): HttpsTransport {
  for (const [part, asked] of [
    ["exec", user.exec],
    ["proxy-url", cluster["proxy-url"]],
  ] as const) {
    if (asked !== undefined) throw new Error(`${part} in a kubeconfig is not supported`);
  }
  if (user.username !== undefined)
    throw new Error("username and password are not supported; use a token or a certificate");
  const { folder = ".", ...rest } = options;
  const file = (path: string | undefined) =>
    path === undefined ? undefined : readFileSync(resolve(folder, path), "utf8");
  const data = (text: string | undefined) =>
    text === undefined ? undefined : Buffer.from(text, "base64").toString("utf8");
  return new HttpsTransport({
    ...rest,
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
  });
}
