import assert from "node:assert/strict";
import { test } from "node:test";
import { encodedToken, withoutToken } from "./web-socket-token.ts";

const TOKEN = "base64url.bearer.authorization.k8s.io.dA";

test("a token among the protocols of a WebSocket is found, and goes no further", () => {
  assert.equal(encodedToken(undefined), undefined);
  assert.equal(encodedToken("v4.channel.k8s.io"), undefined);
  assert.equal(encodedToken(`v4.channel.k8s.io,${TOKEN}`), "dA");
  assert.equal(withoutToken(`a,${TOKEN} , b, ${TOKEN}`), "a, b");
  assert.equal(withoutToken(TOKEN), undefined);
  assert.equal(withoutToken("a"), "a");
});
