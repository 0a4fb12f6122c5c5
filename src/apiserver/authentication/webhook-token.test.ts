import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { ReviewClient } from "../webhook-client/review-client.ts";
import { startReviewWebhook } from "../webhook-client/test-review-webhook.ts";
import { WebhookTokenAuthenticator } from "./webhook-token.ts";

async function setUp(t: { after(end: () => unknown): void }) {
  const webhook = await startReviewWebhook(t);
  const clock = new VirtualClock();
  const { kubeconfigFile } = webhook;
  const client = await ReviewClient.open({ kubeconfigFile, timeoutMs: 3000, clock, random: systemRandom });
  t.after(() => client.close());
  const tokens = new WebhookTokenAuthenticator({
    client,
    version: "v1",
    audiences: ["api"],
    cacheMs: 1000,
    clock,
  });
  return { webhook, clock, tokens };
}

test("a webhook names the holder of a token, and is asked again after a while", async (t) => {
  const { webhook, clock, tokens } = await setUp(t);
  const user = { username: "ann", uid: "7", groups: ["devs"], extra: { team: ["red"] } };
  webhook.answer = () => ({ authenticated: true, user });
  const [one, two] = await Promise.all([
    tokens.authenticateToken("t", undefined),
    tokens.authenticateToken("t", undefined),
  ]);
  assert.deepEqual(one, {
    user: { name: "ann", uid: "7", groups: ["devs", "system:authenticated"], extra: { team: ["red"] } },
    audiences: ["api"],
  });
  assert.equal(one?.user, two?.user);
  assert.deepEqual(
    webhook.asked.map(({ review }) => review.spec),
    [{ token: "t", audiences: ["api"] }],
  );
  await clock.advance(1000);
  await tokens.authenticateToken("t", undefined);
  assert.equal(webhook.asked.length, 2);
});

test("tokens that it does not know, refuses, or that are for somebody else", async (t) => {
  const { webhook, tokens } = await setUp(t);
  webhook.answer = () => ({ authenticated: false });
  assert.equal(await tokens.authenticateToken("a", undefined), undefined);
  webhook.answer = () => ({ authenticated: false, error: "stolen" });
  await assert.rejects(tokens.authenticateToken("b", undefined), { name: "BadToken", message: "stolen" });
  await assert.rejects(tokens.authenticateToken("b", undefined), /stolen/);
  assert.equal(webhook.asked.length, 2, "a refusal is remembered, too");
  webhook.answer = () => ({ authenticated: true, user: { username: "ann" }, audiences: ["else"] });
  assert.equal(await tokens.authenticateToken("c", undefined), undefined);
  const meant = await tokens.authenticateToken("c", ["else", "more"]);
  assert.deepEqual(meant?.audiences, ["else"]);
});

test("a webhook that knows no audiences vouches for this server alone", async (t) => {
  const { webhook, tokens } = await setUp(t);
  webhook.answer = () => ({ authenticated: true, user: { username: "ann" } });
  assert.equal(await tokens.authenticateToken("t", ["vault"]), undefined);
  const meant = await tokens.authenticateToken("t", ["vault", "api"]);
  assert.deepEqual(meant?.audiences, ["api"]);
});

test("nobody comes without a name", async (t) => {
  const { webhook, tokens } = await setUp(t);
  webhook.answer = () => ({ authenticated: true, user: { groups: ["system:masters"] } });
  await assert.rejects(tokens.authenticateToken("t", undefined), { name: "BadToken" });
});
