import assert from "node:assert/strict";
import { it } from "node:test";
import { loadLimits } from "./load-flags.ts";
import { parseServerFlags } from "./server-flags.ts";

it("flags of load become limits of the server", () => {
  const flags = parseServerFlags({
    "max-requests-inflight": ["800"],
    "max-mutating-requests-inflight": ["100"],
    "request-timeout": ["90s"],
    "min-request-timeout": ["60"],
    "shutdown-delay-duration": ["1s"],
    "enable-priority-and-fairness": ["false"],
  });
  assert.deepEqual(loadLimits(flags), {
    requestsInFlightMax: 800,
    mutatingRequestsInFlightMax: 100,
    requestMs: 90_000,
    watchTimeoutMs: 60_000,
    shutdownDelayMs: 1_000,
  });
  assert.equal(flags["enable-priority-and-fairness"], false);
  assert.deepEqual(loadLimits({}), {});
});

it("a server that serves nothing is refused", () => {
  assert.throws(() => parseServerFlags({ "max-requests-inflight": ["0"] }), /it is at least 1/);
});
