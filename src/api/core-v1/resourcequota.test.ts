import assert from "node:assert/strict";
import { test } from "node:test";
import { problemsOf } from "#api/test-kit";
import { ResourceQuota } from "./resourcequota.ts";

const NOT_APPLIED = "unsupported scope applied to resource";

const cases: readonly (readonly [spec: object, problems: readonly RegExp[]])[] = [
  [{ hard: { pods: "1" }, scopes: ["BestEffort"] }, []],
  [{ hard: { "requests.cpu": "1", pods: "1" }, scopes: ["Terminating"] }, []],
  [{ hard: { "count/jobs.batch": "1" }, scopes: ["BestEffort"] }, []],
  [{ hard: { cpu: "1" }, scopes: ["BestEffort"] }, [new RegExp(`^spec.scopes: .*${NOT_APPLIED}`)]],
  [{ hard: { secrets: "1" }, scopes: ["NotBestEffort"] }, [new RegExp(`^spec.scopes: .*${NOT_APPLIED}`)]],
  [
    {
      hard: { services: "1" },
      scopeSelector: { matchExpressions: [{ scopeName: "Terminating", operator: "Exists" }] },
    },
    [new RegExp(`^spec.scopeSelector: .*${NOT_APPLIED}`)],
  ],
  [{ hard: { pods: "1" }, scopes: ["BestEffort", "NotBestEffort"] }, [/conflicting scopes/]],
];

for (const [spec, expected] of cases)
  test(JSON.stringify(spec), () => {
    const found = problemsOf(ResourceQuota, { metadata: {}, spec });
    assert.equal(found.length, expected.length, found.join("\n"));
    for (const [at, pattern] of expected.entries()) assert.match(found[at]!, pattern);
  });
