import assert from "node:assert/strict";
import { test } from "node:test";
import { groups } from "#api/groups";
import { mergedGroups } from "./groups.ts";

const none = () => undefined;
const group = (name: string, ...versions: string[]) => ({
  name,
  versions,
  preferred: versions[0]!,
  served: versions,
});

test("our own groups stand as their list has them", () => {
  const served = groups
    .map((one) => ({ ...one, versions: one.served }))
    .filter(({ versions }) => versions.length > 0);
  assert.deepEqual(mergedGroups(served, [], none), served);
});

test("the highest priority of a group's versions places it; names decide among equals", () => {
  const priorities: Readonly<Record<string, readonly [number, number]>> = {
    "sea/v1": [100, 10],
    "sea/v2alpha1": [20_000, 20],
    "air/v1": [100, 15],
  };
  const announced = (name: string, version: string) => {
    const known = priorities[`${name}/${version}`];
    return known && { groupPriorityMinimum: known[0], versionPriority: known[1] };
  };
  const others = [
    { group: "sea", version: "v1" },
    { group: "sea", version: "v2alpha1" },
    { group: "air", version: "v1" },
  ];
  const own = [group("apps", "v1"), group("zoo", "v1beta1", "v1"), group("bee", "v1")];
  assert.deepEqual(
    mergedGroups(own, others, announced).map(({ name, versions }) => [name, ...versions]),
    [
      ["sea", "v2alpha1", "v1"],
      ["apps", "v1"],
      ["bee", "v1"],
      ["zoo", "v1", "v1beta1"],
      ["air", "v1"],
    ],
  );
});
