/** For tests of what only a socket shows: a server on a free port that believes who its clients say they are. */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { Agent, request } from "node:https";
import type { IncomingHttpHeaders } from "node:http";
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { type Clock, systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { openMemoryStore } from "#store/memory/memory-store";
import type { Limits } from "./limits.ts";
import type { ServingCertificate } from "./http/listener.ts";
import { type ApiServer, type Rooms, startApiServer } from "./server.ts";

const DAY_MS = 86_400_000;

/** A certificate for this machine, and for these names, that is its own authority. */
export async function selfSigned(...names: readonly string[]): Promise<ServingCertificate> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: "CN=localhost",
      keys,
      notBefore: new Date(systemClock.now() - DAY_MS),
      notAfter: new Date(systemClock.now() + DAY_MS),
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(true),
        new SubjectAlternativeNameExtension([
          { type: "ip", value: "127.0.0.1" },
          ...names.map((value) => ({ type: "dns", value }) as const),
        ]),
      ],
    },
    webcrypto as Crypto,
  );
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    certificate: certificate.toString("pem"),
    key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface ListeningHarness {
  readonly server: ApiServer;
  readonly port: number;
  /** PEM of the authority of the server's certificate. */
  readonly ca: string;
  /** One request over HTTP/1.1, as this user. */
  ask(user: string, method: string, path: string, body?: object): Promise<Reply>;
}

export interface ListeningOptions {
  readonly limits?: Partial<Limits>;
  readonly rooms?: Partial<Rooms>;
  readonly clock?: Clock;
}

/** Ends with the test. Everybody may do everything; who comes with the token `x` is user x. */
export async function startListening(
  context: { after(end: () => Promise<void>): void },
  { limits, rooms = {}, clock = systemClock }: ListeningOptions = {},
): Promise<ListeningHarness> {
  const pair = await selfSigned();
  const store = openMemoryStore({ clock });
  const server = await startApiServer({
    store,
    clock,
    random: systemRandom,
    ...(limits ? { limits } : {}),
    rooms: () => ({
      authenticator: {
        authenticate: ({ header }) => {
          const name = header("authorization")?.replace("Bearer ", "") ?? "system:anonymous";
          return Promise.resolve({ name, groups: ["system:authenticated"] });
        },
      },
      authorizer: { authorize: () => ({ verdict: "allow", reason: "" }) },
      admission: [],
      ...rooms,
    }),
  });
  const ca = pair.certificate;
  const { port } = await server.listen({ host: "127.0.0.1", port: 0, clientCa: ca, ...pair });
  const agent = new Agent({ ca, keepAlive: true });
  context.after(async () => {
    agent.destroy();
    await server.close();
    await store.close();
  });
  return {
    server,
    port,
    ca,
    ask: (user, method, path, body) =>
      new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${user}`, "content-type": "application/json" };
        const asked = request({ host: "127.0.0.1", port, method, path, agent, headers }, (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("error", reject);
          answer.on("end", () => {
            const text = Buffer.concat(chunks).toString();
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
          });
        });
        asked.on("error", reject);
        asked.end(body && JSON.stringify(body));
      }),
  };
}
