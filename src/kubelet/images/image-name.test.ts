import assert from "node:assert/strict";
import { test } from "node:test";
import { fullName, parseImageName } from "./image-name.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

const TABLE = [
  ["nginx", "docker.io/library/nginx:latest"],
  ["nginx:1.25", "docker.io/library/nginx:1.25"],
  ["team/app", "docker.io/team/app:latest"],
  ["registry.example/app:v1", "registry.example/app:v1"],
  ["localhost/app", "localhost/app:latest"],
  ["127.0.0.1:5000/a/b:c", "127.0.0.1:5000/a/b:c"],
  [`app@${DIGEST}`, `docker.io/library/app@${DIGEST}`],
  [`app:v1@${DIGEST}`, `docker.io/library/app:v1@${DIGEST}`],
  ["Not/An:Image:Name", undefined],
  ["", undefined],
  ["a b", undefined],
  ["app:", undefined],
  ["a".repeat(64), undefined],
] as const;

for (const [text, wanted] of TABLE)
  test(`"${text}" is ${wanted ?? "no image name"}`, () => {
    const parsed = parseImageName(text);
    assert.equal(parsed && fullName(parsed), wanted);
  });
