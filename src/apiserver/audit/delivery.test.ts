import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/virtual-clock";
import { AuditEvent } from "./audit-event.ts";
import { AuditMetrics } from "./audit-metrics.ts";
import { Delivery, type DeliveryOptions } from "./delivery.ts";

const event = (id: string, more: object = {}): AuditEvent =>
  new AuditEvent({
    auditID: id,
    stage: "ResponseComplete",
    requestURI: "/",
    verb: "get",
    requestReceivedTimestamp: "",
    user: {},
    ...more,
  });

function bench(options: Partial<DeliveryOptions>, fails: () => boolean = () => false) {
  const clock = new VirtualClock();
  const sent: string[][] = [];
  let lost = 0;
  const metrics = new AuditMetrics();
  metrics.lost = (_name, events) => void (lost += events);
  const delivery = new Delivery(
    {
      name: "webhook",
      mode: "batch",
      batch: { bufferMax: 5, sizeMax: 2, waitMs: 1000 },
      clock,
      metrics,
      ...options,
    },
    (events) => {
      if (fails()) return Promise.reject(new Error("no"));
      sent.push(events.map(({ fields }) => fields.auditID));
      return Promise.resolve();
    },
  );
  const write = (...ids: readonly string[]) => {
    for (const id of ids) delivery.write(event(id));
  };
  return { clock, sent, delivery, write, lost: () => lost };
}

test("batches go when they are full, or when their time has come", async () => {
  const { clock, sent, write, delivery } = bench({});
  write("1", "2", "3");
  await clock.advance(0);
  assert.deepEqual(sent, [["1", "2"]]);
  await clock.advance(999);
  assert.equal(sent.length, 1);
  await clock.advance(1);
  assert.deepEqual(sent, [["1", "2"], ["3"]]);
  write("4");
  await delivery.close();
  assert.deepEqual(sent.at(-1), ["4"]);
});

test("batches are held back, and what finds no room is counted as lost", async () => {
  const { clock, sent, write, delivery, lost } = bench({
    batch: { bufferMax: 5, sizeMax: 1, waitMs: 0, throttle: { perSecond: 2, burst: 2 } },
  });
  write("1", "2", "3", "4", "5", "6");
  await clock.advance(0);
  assert.deepEqual(sent.flat(), ["1", "2"]);
  assert.equal(lost(), 1);
  await clock.advance(499);
  assert.equal(sent.length, 2);
  await clock.advance(1);
  assert.deepEqual(sent.flat(), ["1", "2", "3"]);
  // Closing waits for nobody's turn.
  await delivery.close();
  assert.deepEqual(sent.flat(), ["1", "2", "3", "4", "5"]);
});

test("who blocks is waited for; only the strict way hears of a failure", async () => {
  let broken = false;
  const ways = (["blocking", "blocking-strict"] as const).map((mode) => bench({ mode }, () => broken));
  const [blocking, strict] = ways as [(typeof ways)[0], (typeof ways)[0]];
  for (const { delivery, sent } of ways) {
    await delivery.write(event("a"));
    assert.deepEqual(sent, [["a"]]);
  }
  broken = true;
  await blocking.delivery.write(event("b"));
  await assert.rejects(async () => strict.delivery.write(event("b")), { message: "no" });
  assert.deepEqual([blocking.lost(), strict.lost()], [1, 1]);
});

test("large events go without their objects, or not at all; large batches in parts", async () => {
  const small = event("1").json.length;
  const { delivery, sent, lost } = bench({
    batch: { bufferMax: 10, sizeMax: 10, waitMs: 0 },
    truncate: { eventBytesMax: small + 60, batchBytesMax: small * 2 + 60 },
  });
  const large = event("2", { requestObject: "x".repeat(1000), responseObject: "y".repeat(1000) });
  for (const one of [event("1"), large, event("3", { verb: "z".repeat(1000) }), event("4")]) {
    delivery.write(one);
  }
  await delivery.close();
  assert.deepEqual(sent, [["1", "2"], ["4"]]);
  assert.equal(lost(), 1);
  const { fields } = large.withoutObjects();
  assert.deepEqual(fields.annotations, { "audit.k8s.io/truncated": "true" });
  assert.ok(!("requestObject" in fields) && !("responseObject" in fields));
});
