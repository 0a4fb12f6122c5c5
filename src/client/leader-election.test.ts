import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import type { AnyObject } from "#machinery/schema";
import { alreadyExists, notFound, staleVersion } from "#machinery/status";
import { Client } from "./client.ts";
import { Fenced, FencedTransport } from "./fenced-transport.ts";
import { runAsLeader, type Term } from "./leader-election.ts";
import type { Call, Transport } from "./transport.ts";

/** One lease, with compare and swap, that can be out of reach for a candidate. */
function oneLease() {
  let version = 0;
  let lease: { metadata: object; spec?: { holderIdentity?: string; leaseTransitions?: number } } | undefined;
  const of = { group: "coordination.k8s.io", plural: "leases" };
  const unreachable = new Set<string>();
  const call = async (request: Call<AnyObject>) => {
    if (request.verb === "get") {
      if (!lease) throw notFound(of, "l");
      return lease;
    }
    const body = (request as { body: AnyObject }).body;
    if (request.verb === "create" && lease) throw alreadyExists(of, "l");
    if (request.verb === "update" && body.metadata.resourceVersion !== String(version))
      throw staleVersion(of, "l");
    lease = { ...body, metadata: { ...body.metadata, resourceVersion: String(++version) } };
    return lease;
  };
  const clientOf = (identity: string) =>
    new Client({
      call: (request: Call<AnyObject>) => {
        if (unreachable.has(identity)) return Promise.reject(new Error("unreachable"));
        return call(request);
      },
    } as unknown as Transport);
  return { clientOf, unreachable, spec: () => lease?.spec };
}

function candidate(clock: VirtualClock, client: Client, identity: string, leading: Set<string>) {
  const abort = new AbortController();
  const done = runAsLeader(
    { client, clock, random: seededRandom(7), lease: { namespace: "kube-system", name: "l" }, identity },
    (scope) => {
      leading.add(identity);
      scope.defer(() => leading.delete(identity));
    },
    { signal: abort.signal },
  );
  return async () => {
    abort.abort();
    await done;
  };
}

test("one leads; the other takes over when the lease runs out, and never while the first may still lead", async () => {
  const clock = new VirtualClock();
  const { clientOf, unreachable, spec } = oneLease();
  const leading = new Set<string>();
  const stopA = candidate(clock, clientOf("a"), "a", leading);
  await clock.advance(100);
  const stopB = candidate(clock, clientOf("b"), "b", leading);
  await clock.advance(60_000);
  assert.deepEqual([...leading], ["a"]);

  unreachable.add("a");
  for (let second = 0; second < 30; second++) {
    await clock.advance(1_000);
    assert.ok(leading.size <= 1);
  }
  assert.deepEqual([...leading], ["b"]);
  assert.equal(spec()?.leaseTransitions, 1);
  await Promise.all([stopA(), stopB(), clock.advance(10_000)]);
});

test("a leader that stops gives the lease back, and the next need not wait for it to run out", async () => {
  const clock = new VirtualClock();
  const { clientOf, spec } = oneLease();
  const leading = new Set<string>();
  const stopA = candidate(clock, clientOf("a"), "a", leading);
  await clock.advance(100);
  const stopB = candidate(clock, clientOf("b"), "b", leading);
  await clock.advance(100);
  await stopA();
  assert.equal(spec()?.holderIdentity, "");
  await clock.advance(5_000);
  assert.deepEqual([...leading], ["b"]);
  await stopB();
});

test("work that does not end keeps nobody from leading, and writes nothing once the lease may be another's", async () => {
  const clock = new VirtualClock();
  const { clientOf, unreachable } = oneLease();
  const terms: Term[] = [];
  const stuck = Promise.withResolvers<void>();
  const abort = new AbortController();
  const options = { random: seededRandom(7), lease: { namespace: "kube-system", name: "l" } };
  const done = runAsLeader(
    { ...options, clock, client: clientOf("a"), identity: "a" },
    (scope, term) => {
      terms.push(term);
      // Work that does not listen.
      if (terms.length === 1) scope.run(() => stuck.promise);
    },
    { signal: abort.signal },
  );
  await clock.advance(9_000);
  const [first] = terms;
  assert.ok(first?.holds);
  unreachable.add("a");
  await clock.advance(7_000);
  assert.ok(first.holds, "for ten seconds from the last renewal");
  await clock.advance(3_000);
  assert.ok(!first.holds);
  unreachable.delete("a");
  await clock.advance(10_000);
  assert.ok(terms[1]?.holds, "it leads again while its old work is still there");
  assert.ok(!first.holds);

  const sent: string[] = [];
  const inner = {
    call: async ({ verb }: Call<AnyObject>) => void sent.push(verb),
    raw: async ({ method }: { readonly method: string }) => void sent.push(method),
  } as unknown as Transport;
  const [old, present] = terms.map((term) => new FencedTransport(inner, term));
  const resource = {} as Call<AnyObject>["resource"];
  for (const verb of ["create", "update", "delete", "deletecollection"] as const) {
    const call = { resource, verb, body: {} } as Call<AnyObject>;
    await assert.rejects(old!.call(call), Fenced);
    await present!.call(call);
  }
  await assert.rejects(old!.raw({ method: "POST", path: "/" }), Fenced);
  await old!.raw({ method: "GET", path: "/" });
  await old!.call({ resource, verb: "get" });
  assert.deepEqual(sent, ["create", "update", "delete", "deletecollection", "GET", "get"]);

  abort.abort();
  stuck.resolve();
  await done;
  assert.ok(!terms[1].holds);
});

test("a leader that did not run for longer than its lease knows it before it does anything", async () => {
  const clock = new VirtualClock();
  const { clientOf } = oneLease();
  let held: Term | undefined;
  const abort = new AbortController();
  let frozenMs = 0;
  // As a process that was stopped finds the time: its timers have not fired yet.
  const waking = Object.assign(Object.create(clock) as VirtualClock, {
    monotonic: () => clock.monotonic() + frozenMs,
    after: clock.after.bind(clock),
    now: clock.now.bind(clock),
  });
  const done = runAsLeader(
    {
      client: clientOf("a"),
      clock: waking,
      random: seededRandom(7),
      lease: { namespace: "kube-system", name: "l" },
      identity: "a",
    },
    (_scope, term) => {
      held = term;
    },
    { signal: abort.signal },
  );
  await clock.advance(3_000);
  assert.ok(held?.holds);
  frozenMs = 20_000;
  assert.ok(!held.holds);
  abort.abort();
  await done;
});
