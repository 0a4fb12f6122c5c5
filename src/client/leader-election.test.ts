import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import type { AnyObject } from "#machinery/schema";
import { alreadyExists, notFound, staleVersion } from "#machinery/status";
import { Client } from "./client.ts";
import { runAsLeader } from "./leader-election.ts";
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
