/** Owners and dependents at random, collectors that see kinds late and are replaced: what is left is what should be. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigMap } from "#api/core-v1/configmap";
import { Secret } from "#api/core-v1/secret";
import { seededRandom } from "#base/random";
import type { AnyObject, Resource } from "#machinery/schema";
import { start, startSlowly } from "../harness.test.ts";
import { garbageCollector } from "./garbage-collector.ts";

const KINDS = [ConfigMap, Secret] as unknown as readonly Resource[];
const SLOW = ["configmaps", "secrets", "none"];
const POLICIES = ["Background", "Foreground", "Orphan"] as const;
const at = { namespace: "web" };

interface Expected {
  readonly kind: Resource;
  readonly name: string;
  readonly uid: string;
  owners: readonly Expected[];
  isThere: boolean;
}

/** What a delete leads to in the end. */
function expectGone(all: readonly Expected[], gone: Expected, policy: (typeof POLICIES)[number]): void {
  gone.isThere = false;
  for (const dependent of all.filter(({ isThere, owners }) => isThere && owners.includes(gone))) {
    if (policy === "Orphan") dependent.owners = dependent.owners.filter((owner) => owner !== gone);
    else if (!dependent.owners.some(({ isThere }) => isThere)) expectGone(all, dependent, "Background");
  }
}

for (let seed = 1; seed <= 6; seed++)
  test(`a collector leaves what should be left, seed ${seed}`, async (t) => {
    const random = seededRandom(seed);
    const below = (count: number) => Math.floor(random.next() * count);
    const house = await start(t);
    const { client, clock, settled } = house;
    const startOne = () => startSlowly(t, house, SLOW[below(3)]!, garbageCollector);
    const settle = async () => {
      collector.letGo();
      for (let turn = 0; turn < 5; turn++) {
        await settled();
        await clock.advance(500);
      }
    };
    let collector = startOne();
    const all: Expected[] = [];
    for (let step = 0; step < 50; step++) {
      const there = all.filter(({ isThere }) => isThere);
      const what = below(10);
      if (what < 6 || there.length === 0) {
        const [kind, name] = [KINDS[below(2)]!, `object-${step}`];
        const owners = there.filter(() => below(Math.max(1, there.length / 2)) === 0).slice(0, 2);
        const ownerReferences = owners.map((owner) => ({
          apiVersion: "v1",
          kind: owner.kind.kind,
          name: owner.name,
          uid: owner.uid,
          ...(below(2) ? { blockOwnerDeletion: true } : {}),
        }));
        const made = { metadata: { ...at, name, ownerReferences } };
        const { metadata } = await client.create<AnyObject>(kind, made as never);
        all.push({ kind, name, uid: metadata.uid, owners, isThere: true });
      } else if (what < 9) {
        const gone = there[below(there.length)]!;
        const propagationPolicy = POLICIES[below(3)]!;
        await client.delete(gone.kind, { ...at, name: gone.name }, { propagationPolicy });
        expectGone(all, gone, propagationPolicy);
        await settle();
      } else {
        await settle();
        await collector.end();
        collector = startOne();
      }
    }
    await settle();
    const lists = await Promise.all(KINDS.map((kind) => client.list(kind, at)));
    const left = lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.name));
    const expected = all.filter(({ isThere }) => isThere).map(({ name }) => name);
    assert.deepEqual(left.toSorted(), expected.toSorted());
  });
