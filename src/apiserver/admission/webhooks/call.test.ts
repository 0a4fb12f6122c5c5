import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { ConfigMap } from "#api/core-v1/configmap";
import { made } from "#api/test-kit";
import { systemClock } from "#base/clock";
import { seededRandom } from "#base/random";
import type { AnyObject, Resource } from "#machinery/schema";
import type { Admission } from "../../contracts.ts";
import { MapReadCache } from "../../map-read-cache.ts";
import { Caller } from "./call.ts";
import { WebhookClient } from "../../webhook-client/client.ts";
import { compileHook, type Hook } from "./hook.ts";
import { allowing, startWebhook } from "./test-kit.ts";
import { WebhookMetrics } from "./webhook-metrics.ts";

/** As older versions of the API let them be written. */
const sideEffects = ["Some", "Unknown", undefined];

test("a webhook that may change the world is not asked about what is not meant to last", async (t) => {
  const served = await startWebhook(t);
  served.answers.set("/check", () => allowing);
  const [clock, random] = [systemClock, seededRandom(1)];
  const client = new WebhookClient({ cache: new MapReadCache(), clock, random });
  t.after(() => client.close());
  const caller = new Caller("validating", {
    client,
    clock,
    random,
    metrics: new WebhookMetrics(new Registry()),
  });
  const object = made(ConfigMap, {}) as AnyObject;
  const resource = ConfigMap as unknown as Resource;
  const ask = (hook: Hook, dryRun: boolean) => {
    const admission = { operation: "CREATE", resource, subresource: "", namespace: "default", name: "web" };
    const rest = { object, old: undefined, options: {}, user: { name: "me", groups: [] } };
    const told = { warn: () => undefined, annotate: () => undefined };
    const whole = { ...admission, ...rest, ...told, dryRun } as Admission;
    return caller.ask(hook, { admission: whole, resource, object, old: undefined }, () => "asked");
  };
  const hookWith = (more: object) =>
    compileHook("one", 0, { ...served.webhook("/check"), ...more } as Parameters<typeof compileHook>[2]);
  for (const effects of sideEffects) {
    // Not even where failures do not count.
    const hook = hookWith({ sideEffects: effects, failurePolicy: "Ignore" });
    await assert.rejects(ask(hook, true), {
      code: 400,
      message: 'admission webhook "check.example.com" does not support dry run',
    });
    assert.deepEqual(await ask(hook, false), { type: "answered", value: "asked" });
  }
  const unspoken = hookWith({ admissionReviewVersions: ["v9"] });
  await assert.rejects(ask(unspoken, false), {
    code: 500,
    message: /failed calling webhook "check.example.com": .*does not accept known AdmissionReview versions/,
  });
  const passed = await ask(hookWith({ admissionReviewVersions: ["v9"], failurePolicy: "Ignore" }), false);
  assert.deepEqual(passed, { type: "passed-over" });
  assert.equal(served.asked.length, sideEffects.length);
});
