import assert from "node:assert/strict";
import { test } from "node:test";
import { Lease } from "#api/coordination-v1/lease";
import { identityOf } from "#apiserver/identity";
import { startHarness } from "#apiserver/harness";
import { LOOPBACK_USER } from "#apiserver/server";
import { seededRandom } from "#base/random";
import { Scope } from "#base/scope";
import { Client } from "#client/client";
import { keepIdentity } from "./server-identity.ts";

const LEASES = { namespace: "kube-system", labelSelector: "apiserver.kubernetes.io/identity=kube-apiserver" };

test("a server keeps a Lease, and clears away those of servers that are gone", async (t) => {
  const { server, clock } = await startHarness(t);
  const client = new Client(server.transport(LOOPBACK_USER));
  const scope = new Scope();
  t.after(() => scope.close());
  const names = async () => (await client.list(Lease, LEASES)).items.map(({ metadata }) => metadata.name);
  const settled = async (holds: () => Promise<boolean>) => {
    for (let turn = 0; turn < 1000 && !(await holds()); turn++) await clock.advance(0);
    assert.ok(await holds());
  };
  const gone = new Scope();
  keepIdentity({ client, clock, random: seededRandom(1), hostname: "gone", scope: gone });
  await settled(async () => (await names()).length === 1);
  await gone.close();
  await clock.advance(2 * 3_600_000);
  keepIdentity({ client, clock, random: seededRandom(2), hostname: "here", scope });
  await settled(async () => (await names()).join() === identityOf("here"));
  assert.match(identityOf("here"), /^apiserver-[a-z2-7]{26}$/);
});
