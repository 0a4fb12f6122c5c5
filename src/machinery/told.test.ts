/** A name as long as the object stands in the path of all that is wrong inside of it: answers stay small all the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pod } from "#api/core-v1/pod";
import { applyConflict } from "./apply/conflicts.ts";
import { shapeProblem } from "./apply/shape-problem.ts";
import { wholeNode } from "./apply/struct-node.ts";
import { unknownFields } from "./derive/json-problems.ts";
import { parseJson } from "./json.ts";
import { invalid } from "./schema.ts";
import { invalidObject } from "./status.ts";
import { unknownMembers } from "./structural/prune.ts";
import { problemsOf } from "./structural/validate.ts";
import { toldTexts } from "./told.ts";

const LONG = "n".repeat(900_000);
const COUNT = 2_000;
const ENOUGH = 4_000_000;
const names = Array.from({ length: COUNT }, (_, index) => `a${index}`);
const objectOf = <T>(value: T): Record<string, T> => Object.fromEntries(names.map((name) => [name, value]));

test("some are told of many, and the first of long ones", () => {
  assert.deepEqual(toldTexts(["a", "b", "c"]), ["a", "b", "c"]);
  assert.deepEqual(toldTexts(["a", "b", "c"], 2), ["a", "b"]);
  assert.deepEqual(toldTexts([LONG + LONG, "b"]), [LONG + LONG]);
});

test("of repeated keys", () => {
  const found: string[] = [];
  const members = names.map(() => `"a":1`).join();
  parseJson(`{${JSON.stringify(LONG)}:{${members}}}`, { onDuplicate: (path) => void found.push(path) });
  assert.equal(found.length, 2);
  parseJson(`{${members}}`, { onDuplicate: (path) => void found.push(path) });
  assert.equal(found.length, 102);
});

test("of unknown fields", () => {
  const spec = { nodeSelector: {}, containers: [{ name: "a", ...objectOf(1) }] };
  assert.equal(unknownFields(Pod.schema, { spec }).length, 100);
  const schema = { type: "object", additionalProperties: { type: "object" } } as const;
  assert.equal(unknownMembers(schema, { [LONG]: objectOf(1) }, "").length, 1);
});

test("of what has the wrong shape", () => {
  const env = names.map((name) => ({ name, value: 5 }));
  const pod = { apiVersion: "v1", kind: "Pod", spec: { containers: [{ name: LONG, env }] } };
  assert.ok(shapeProblem(wholeNode(Pod.schema), pod)!.length < ENOUGH);
});

test("of custom objects with members of a wrong type, and what is said twice is there once", () => {
  const text = { type: "object", additionalProperties: { type: "string" } } as const;
  const schema = { type: "object", additionalProperties: text } as const;
  const problems = problemsOf(schema, { [LONG]: objectOf(1) });
  assert.equal(problems.length, COUNT);
  assert.ok(JSON.stringify(invalidObject(Pod, "a", problems).status).length < 4 * ENOUGH);
  const twice = { allOf: [text, text], ...text };
  const ofType = problemsOf(twice, objectOf(1)).filter(({ detail }) => detail.includes("must be of type"));
  assert.equal(ofType.length, COUNT);
});

test("of conflicts, of which the number is told", () => {
  const fields = { [`f:${LONG}`]: Object.fromEntries(names.map((name) => [`f:${name}`, {}])) };
  const owner = {
    manager: "other",
    operation: "Apply",
    apiVersion: "v1",
    subresource: "",
    time: undefined,
    fields,
  } as const;
  const { status } = applyConflict([{ owner, fields }]);
  assert.match(status.message!, /^Apply failed with 2000 conflicts: conflicts with "other":\n- \.n/);
  assert.ok(JSON.stringify(status).length < ENOUGH);
});

test("of what is invalid", () => {
  const problems = names.map((name) => invalid(`spec.${LONG}.${name}`, 1, "must not be"));
  const { status } = invalidObject(Pod, "a", problems);
  assert.equal(status.details!.causes!.length, 1);
  assert.ok(JSON.stringify(status).length < ENOUGH);
  const few = invalidObject(Pod, "a", [invalid("a", 1, "x"), invalid("b", 2, "y")]).status;
  assert.equal(few.message, 'Pod "a" is invalid: [a: Invalid value: 1: x, b: Invalid value: 2: y]');
});
