/** For tests of this room: a webhook on loopback, and an API server in process that asks it. */
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { seededRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { openMemoryStore } from "#store/memory/memory-store";
import { AuditLog } from "../../audit/audit-log.ts";
import { parseAuditPolicy } from "../../audit/policy.ts";
import type { ConnectHandler } from "../../request/handlers.ts";
import { selfSigned } from "../../listening-harness.ts";
import { secure } from "../../security.ts";
import { type ApiServer, type ApiServerOptions, startApiServer } from "../../server.ts";

/** Whatever was sent: a test says what it expects. */
// oxlint-disable-next-line typescript/no-explicit-any -- requests and answers of every shape are looked at
export type Json = any;

interface Test {
  after(end: () => unknown): void;
}

export interface TestWebhook {
  readonly port: number;
  readonly caBundle: string;
  /** Its certificate and key, PEM. */
  readonly pair: { readonly cert: string; readonly key: string };
  /** The requests of the reviews, in order. */
  readonly asked: Json[];
  /** By the path of the webhook: the members of the response, or what else is to happen. */
  readonly answers: Map<string, Answering>;
  /** What all webhooks of a configuration have. */
  webhook(path: string, more?: object): object;
}

export type Answering = (request: Json, response: ServerResponse) => object | undefined;

export async function startWebhook(t: Test): Promise<TestWebhook> {
  // Also under the name of a service.
  const { certificate: cert, key } = await selfSigned("hook.default.svc");
  const pair = { cert, key };
  const asked: Json[] = [];
  const answers = new Map<string, Answering>();
  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const chunks = await Array.fromAsync(incoming as AsyncIterable<Buffer>);
    const review = JSON.parse(Buffer.concat(chunks).toString()) as Json;
    const path = new URL(incoming.url!, "https://webhook").pathname;
    asked.push({ ...review.request, path });
    const members = answers.get(path)?.(review.request, response);
    if (members === undefined) return;
    const { apiVersion, kind } = review;
    response.end(JSON.stringify({ apiVersion, kind, response: { uid: review.request.uid, ...members } }));
  };
  const server = createServer(
    { ...pair, requestCert: true, rejectUnauthorized: false },
    (incoming, response) => void serve(incoming, response),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const caBundle = Buffer.from(pair.cert).toString("base64");
  return {
    port,
    caBundle,
    pair,
    asked,
    answers,
    webhook: (path, more = {}) => ({
      name: `${path.slice(1)}.example.com`,
      clientConfig: { url: `https://127.0.0.1:${port}${path}`, caBundle },
      rules: [{ operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] }],
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
      ...more,
    }),
  };
}

export interface TestServer {
  readonly server: ApiServer;
  readonly clock: VirtualClock;
  /** What went on record. */
  readonly records: readonly Json[];
  ask(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<Answered>;
  /** Creates a configuration and waits until it counts. */
  configure(kind: "Mutating" | "Validating", name: string, ...webhooks: readonly object[]): Promise<void>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json: Json;
}

const ADMIN = { name: "admin", groups: ["system:masters", "system:authenticated"], extra: { team: ["a"] } };

export async function startServer(
  t: Test,
  connects: ReadonlyMap<string, ConnectHandler> = new Map(),
  options: Pick<ApiServerOptions, "gates" | "resources"> = {},
): Promise<TestServer> {
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  const records: Json[] = [];
  const policy = parseAuditPolicy(
    "{apiVersion: audit.k8s.io/v1, kind: Policy, omitStages: [RequestReceived], rules: [{level: Request}]}",
  );
  const sink = { write: ({ json }: { readonly json: string }) => void records.push(JSON.parse(json)) };
  const security = secure({
    audit: new AuditLog(policy, sink, clock),
    clientAuthorities: [],
    serviceAccountKey: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
    serverUrl: () => "https://127.0.0.1",
    disableAdmission: ["ServiceAccount"],
  });
  const server = await startApiServer({
    store,
    clock,
    random: seededRandom(1),
    ...options,
    rooms: async (inner) => ({ ...(await security(inner)), connects }),
  });
  t.after(async () => {
    await server.close();
    await store.close();
  });
  const transport = server.transport(ADMIN);
  const ask: TestServer["ask"] = async (method, target, body, headers = {}) => {
    const [path = "", search = ""] = target.split("?");
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const answer = await transport.raw({
      method,
      path,
      query: Object.fromEntries(new URLSearchParams(search)),
      headers: { "content-type": type, ...headers },
      body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
    });
    const text = Buffer.concat(await Array.fromAsync(answer.body)).toString();
    return {
      status: answer.status,
      headers: answer.headers,
      json: (text === "" ? undefined : JSON.parse(text)) as Json,
    };
  };
  return {
    server,
    clock,
    records,
    ask,
    async configure(kind, name, ...webhooks) {
      const path = `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}webhookconfigurations`;
      const made = await ask("POST", path, { metadata: { name }, webhooks });
      if (made.status !== 201) throw new Error(JSON.stringify(made.json));
      // A read of the newest is answered when the cache has seen all that was written.
      await ask("GET", `${path}/${name}`);
    },
  };
}

/** The members of a response that allows, with a JSON patch. */
export const patching = (...operations: readonly object[]): object => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
});

export const refusing = (status?: object): object => ({ allowed: false, ...(status ? { status } : {}) });
export const allowing = { allowed: true };
