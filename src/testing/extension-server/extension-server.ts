/** An API server beside the cluster's, for tests of aggregation: its own kinds, its own store, and the cluster's users. */
import { type ApiServer, type ApiServerOptions, startApiServer } from "#apiserver/server";
import type { ServingCertificate } from "#apiserver/http/listener";
import type { User } from "#apiserver/contracts";
import { type Clock, systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { HttpsTransport } from "#client/node/https-transport";
import { openMemoryStore } from "#store/memory/memory-store";
import { delegatedAuthorizer, trustedProxies } from "./delegated.ts";
import { Flunder } from "./flunder.ts";

export interface ExtensionServerOptions extends ServingCertificate {
  /** The cluster's API server, and the token by which this one is known there. */
  readonly cluster: { readonly url: string; readonly ca: string; readonly token: string };
  readonly resources?: ApiServerOptions["resources"];
  readonly clock?: Clock;
  /** 0: any that is free. */
  readonly port?: number;
  /** By default loopback. */
  readonly host?: string;
}

export interface ExtensionServer {
  readonly port: number;
  readonly server: ApiServer;
  /** Users that asked, in order. */
  readonly seen: readonly User[];
  close(): Promise<void>;
}

export async function startExtensionServer(options: ExtensionServerOptions): Promise<ExtensionServer> {
  const { cluster, clock = systemClock, resources = [Flunder], port = 0, certificate, key } = options;
  const { host = "127.0.0.1" } = options;
  const { url, ca, token } = cluster;
  const transport = new HttpsTransport({
    servers: [url],
    tls: { ca },
    token,
    clock: systemClock,
    random: systemRandom,
  });
  const { clientCa, authenticator } = await trustedProxies(transport, clock);
  const authorizer = delegatedAuthorizer(transport);
  const seen: User[] = [];
  const store = openMemoryStore({ clock });
  const server = await startApiServer({
    store,
    clock,
    random: systemRandom,
    resources,
    rooms: () => ({
      authenticator,
      authorizer: {
        authorize: (user, request) => {
          seen.push(user);
          return authorizer.authorize(user, request);
        },
      },
      admission: [],
    }),
  });
  const listening = await server.listen({ host, port, clientCa, certificate, key });
  return {
    port: listening.port,
    server,
    seen,
    async close() {
      await server.close();
      await store.close();
      transport.close();
    },
  };
}
