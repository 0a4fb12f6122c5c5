/** One API server with controllers in one process, on a clock that stands still. It holds no tests itself. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { ReplicaSet } from "#api/apps-v1/replicaset";
import { Namespace } from "#api/core-v1/namespace";
import { Node } from "#api/core-v1/node";
import { Pod } from "#api/core-v1/pod";
import type { Decision, RequestInfo } from "#apiserver/contracts";
import { startApiServer } from "#apiserver/server";
import { seededRandom } from "#base/random";
import { Scope } from "#base/scope";
import { VirtualClock } from "#base/virtual-clock";
import { Client } from "#client/client";
import { InformerSet } from "#client/informer-set";
import type { Transport, Watch, WatchEvent } from "#client/transport";
import type { AnyObject } from "#machinery/schema";
import { formatTime } from "#machinery/time";
import type { Controller } from "#reconciler/controller";
import { runControllers } from "#reconciler/run";
import { openMemoryStore } from "#store/memory/memory-store";

/** Turns of the event loop that something may take. */
const TURNS_MAX = 20_000;

const CONTROLLER = "controller:";

/** Controllers may do what they have declared, and nothing else. */
function judge(controllers: readonly Controller[], user: string, request: RequestInfo): Decision {
  if (!user.startsWith(CONTROLLER)) return { verdict: "allow", reason: "" };
  const { rules = [] } = controllers.find(({ name }) => `${CONTROLLER}${name}` === user) ?? {};
  const { group, verb } = request;
  const resource =
    request.subresource === "" ? request.resource : `${request.resource}/${request.subresource}`;
  const covers = (allowed: readonly string[], asked: string) =>
    allowed.includes(asked) || allowed.includes("*");
  const allowed = rules.some(
    (rule) => covers(rule.apiGroups, group) && covers(rule.resources, resource) && covers(rule.verbs, verb),
  );
  if (!allowed) forbidden.add(`${user} may not ${verb} ${resource} in group "${group}"`);
  return { verdict: allowed ? "allow" : "deny", reason: "not declared" };
}

/** What controllers have tried to do without declaring it. */
const forbidden = new Set<string>();

export async function start(context: TestContext, ...controllers: Controller[]) {
  const clock = new VirtualClock();
  const random = seededRandom(1);
  const api = await startApiServer({
    store: openMemoryStore({ clock }),
    clock,
    random,
    rooms: () => ({
      authenticator: { authenticate: async () => undefined },
      authorizer: { authorize: (user, request) => judge(controllers, user.name, request) },
      admission: [],
    }),
  });
  const scope = new Scope();
  const client = new Client(api.transport({ name: "test", groups: ["system:masters"] }));
  const informers = new InformerSet({ client, clock, random, scope });
  context.after(async () => {
    await scope.close();
    await api.close();
    const tried = [...forbidden];
    forbidden.clear();
    assert.deepEqual(tried, []);
  });
  const clientFor = (name: string) => new Client(api.transport({ name: `${CONTROLLER}${name}`, groups: [] }));
  await runControllers({ client, clientFor, informers, clock, random, scope, controllers });
  await client.create(Namespace, { metadata: { name: "web" } });
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      if (holds()) return;
      await new Promise(setImmediate);
    }
    assert.fail(`never: ${what}`);
  };
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
  };
  return {
    client,
    informers,
    clock,
    until,
    settled,
    pods: informers.of(Pod),
    sets: informers.of(ReplicaSet),
  };
}
export type House = Awaited<ReturnType<typeof start>>;

export const template = (image: string) => ({
  metadata: { labels: { app: "a" } },
  spec: { containers: [{ name: "c", image, ports: [{ name: "http", containerPort: 8080 }] }] },
});

/** Does for pods what a kubelet does: they get an address and become ready. */
export function runPods({ client, pods, clock }: House, image?: string): void {
  let next = 1;
  const run = (pod: Pod) => {
    if (image !== undefined && pod.spec.containers[0]?.image !== image) return;
    if (pod.status.phase === "Running" || pod.metadata.deletionTimestamp) return;
    const now = formatTime(clock.now());
    const podIP = `10.0.${next >> 8}.${next++ & 255}`;
    const conditions = [{ type: "Ready", status: "True", lastProbeTime: null, lastTransitionTime: now }];
    const status = { ...pod.status, phase: "Running", podIP, podIPs: [{ ip: podIP }], conditions };
    void client.updateStatus(Pod, { ...pod, status } as Pod).catch(() => undefined);
  };
  pods.handle({ added: run, updated: run });
}

export async function addNode({ client, clock }: House, name: string): Promise<void> {
  const now = formatTime(clock.now());
  const node = await client.create(Node, { metadata: { name } } as never);
  const conditions = [
    {
      type: "Ready",
      status: "True",
      lastHeartbeatTime: now,
      lastTransitionTime: now,
      reason: "KubeletReady",
    },
  ];
  await client.updateStatus(Node, { ...node, status: { ...node.status, conditions } } as Node);
}

/** A transport whose watches of one kind tell nothing until they are let go. */
function slow(inner: Transport, plural: string): { readonly transport: Transport; letGo(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  async function* watch<T extends AnyObject>(
    about: Watch<T>,
    options: { readonly signal: AbortSignal },
  ): AsyncGenerator<WatchEvent<T>> {
    for await (const event of inner.watch(about, options)) {
      if (about.resource.plural === plural) await promise;
      yield event;
    }
  }
  const transport: Transport = {
    sharesObjects: inner.sharesObjects,
    call: (call, options) => inner.call(call, options),
    list: (scope, options) => inner.list(scope, options),
    raw: (request, options) => inner.raw(request, options),
    watch,
  } as Transport;
  return { transport, letGo: resolve };
}

/** Starts controllers that are slow to see one kind: nothing of it before they are let go. */
export function startSlowly(
  context: TestContext,
  { client, clock }: House,
  plural: string,
  ...controllers: Controller[]
): { letGo(): void; end(): Promise<void> } {
  const scope = new Scope();
  const { transport, letGo } = slow(client.transport, plural);
  context.after(async () => {
    letGo();
    await scope.close();
  });
  const options = { client: new Client(transport), clock, random: seededRandom(2), scope };
  void runControllers({ ...options, controllers });
  return { letGo, end: () => scope.close() };
}
