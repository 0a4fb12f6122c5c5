/** For tests of this room: a server in process that allows everything, and short ways to ask it. */
import { VirtualClock } from "#base/virtual-clock";
import { seededRandom } from "#base/random";
import type { Transport } from "#client/transport";
import type { AnyObject, Resource } from "#machinery/schema";
import type { Store } from "#store/store";
import { openMemoryStore } from "#store/memory/memory-store";
import type { AdmissionPlugin } from "./contracts.ts";
import type { Limits } from "./limits.ts";
import {
  type ApiServer,
  type ApiServerOptions,
  LOOPBACK_USER,
  type Rooms,
  startApiServer,
} from "./server.ts";

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly bytes: Buffer;
  /** Of JSON answers. */
  readonly json: Json;
}

/** Whatever an answer holds: a test says what it expects. */
// oxlint-disable-next-line typescript/no-explicit-any -- answers of every shape are looked at
export type Json = any;

export interface Harness {
  readonly server: ApiServer;
  readonly clock: VirtualClock;
  readonly store: Store;
  /** Any request, as over the wire. */
  ask(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answered>;
  create<T extends AnyObject>(resource: Resource<T>, body: object): Promise<T>;
}

export interface HarnessOptions {
  readonly limits?: Partial<Limits>;
  readonly admission?: readonly AdmissionPlugin[];
  readonly rooms?: Partial<Rooms>;
  /** Feature gates that are not at their default. */
  readonly gates?: Readonly<Record<string, boolean>>;
  readonly encryption?: ApiServerOptions["encryption"];
  readonly components?: ApiServerOptions["components"];
  readonly services?: ApiServerOptions["services"];
  readonly priorityAndFairness?: boolean;
  /** Instead of an empty one in memory; whoever made it closes it. */
  readonly store?: Store;
  readonly clock?: VirtualClock;
}

/** Ends with the test. */
export async function startHarness(
  context: { after(end: () => Promise<void>): void },
  { limits, admission = [], rooms = {}, gates = {}, services, ...given }: HarnessOptions = {},
): Promise<Harness> {
  const clock = given.clock ?? new VirtualClock();
  const store = given.store ?? openMemoryStore({ clock });
  const server = await startApiServer({
    store,
    clock,
    random: seededRandom(1),
    gates,
    ...(given.encryption ? { encryption: given.encryption } : {}),
    ...(given.components ? { components: given.components } : {}),
    // Its clock stands still: nobody would end a wait for requests that a test has left behind.
    limits: { drainMs: 0, ...limits },
    ...(services ? { services } : {}),
    priorityAndFairness: given.priorityAndFairness ?? true,
    rooms: () => ({
      authenticator: { authenticate: () => Promise.resolve(LOOPBACK_USER) },
      authorizer: { authorize: () => ({ verdict: "allow", reason: "" }) },
      admission,
      ...rooms,
    }),
  });
  context.after(async () => {
    await server.close();
    if (!given.store) await store.close();
  });
  const transport = server.transport(LOOPBACK_USER);
  return {
    server,
    clock,
    store,
    ask: (method, target, body, headers = {}) => ask(transport, { method, target, body, headers }),
    async create(resource, body) {
      const { namespace } = (body as { metadata: { namespace?: string } }).metadata;
      return (await transport.call({ resource, verb: "create", namespace, body })) as Json;
    },
  };
}

interface Question {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

async function ask(transport: Transport, { method, target, body, headers }: Question): Promise<Answered> {
  const [path = "", search = ""] = target.split("?");
  const query = Object.fromEntries(new URLSearchParams(search));
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const answer = await transport.raw({
    method,
    path,
    query,
    headers: { "content-type": type, ...headers },
    body: bytesOf(body),
  });
  const bytes = Buffer.concat(await Array.fromAsync(answer.body));
  const text = bytes.toString();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    bytes,
    get json() {
      return JSON.parse(text) as Json;
    },
  };
}

/** Texts and bytes go as they are, other values as JSON. */
function bytesOf(body: unknown): Uint8Array | undefined {
  if (body === undefined || body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}
