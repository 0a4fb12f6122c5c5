import assert from "node:assert/strict";
import { test } from "node:test";
import type { Secret } from "#api/core-v1/secret";
import { credentialsFor } from "./pull-secrets.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

const secretOf = (auths: object): Secret =>
  ({
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": base64(JSON.stringify({ auths })) },
  }) as unknown as Secret;

const TABLE: readonly (readonly [string, string, object, string[]])[] = [
  ["the registry", "r.example/app", { "r.example": { username: "u", password: "p" } }, ["u:p"]],
  ["another registry", "r.example/app", { "s.example": { username: "u", password: "p" } }, []],
  ["in one text", "r.example/app", { "r.example": { auth: base64("u:p:q") } }, ["u:p:q"]],
  ["an old address", "nginx", { "https://index.docker.io/v1/": { auth: base64("u:p") } }, ["u:p"]],
  ["a pattern", "a.r.example/app", { "*.r.example": { auth: base64("u:p") } }, ["u:p"]],
  ["a pattern stands for one part", "a.b.r.example/app", { "*.r.example": { auth: base64("u:p") } }, []],
  [
    "the longest path first",
    "r.example/team/app",
    {
      "r.example": { auth: base64("u:1") },
      "r.example/team": { auth: base64("u:2") },
      "r.example/x": { auth: base64("u:3") },
    },
    ["u:2", "u:1"],
  ],
];

for (const [name, image, auths, wanted] of TABLE)
  test(name, () => {
    const found = credentialsFor(image, [secretOf(auths)]);
    assert.deepEqual(
      found.map(({ username, password }) => `${username}:${password}`),
      wanted,
    );
  });

test("a secret that is no JSON holds nothing", () => {
  const broken = { type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": base64("{") } };
  assert.deepEqual(credentialsFor("nginx", [broken as unknown as Secret]), []);
});
