import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../http/exchange.ts";
import { requestHeaders } from "./tunnel.ts";

const exchangeWith = (headers: Readonly<Record<string, string>>): Exchange =>
  ({
    header: (name: string) => headers[name],
    headerNames: () => Object.keys(headers),
  }) as unknown as Exchange;

test("a proxied request has a length and a connection of its own", () => {
  const sent = {
    ":path": "/",
    accept: "a/b",
    authorization: "Bearer t",
    connection: "keep-alive, x-hop",
    // Of a GET, whose body goes no further: who waited for it would take the next request for it.
    "content-length": "100",
    "transfer-encoding": "chunked",
    "x-hop": "1",
    "x-remote-user": "root",
    "sec-websocket-protocol": "base64url.bearer.authorization.k8s.io.dA",
  };
  assert.deepEqual(requestHeaders(exchangeWith(sent), undefined), { accept: "a/b" });
  const withBody = requestHeaders(exchangeWith(sent), Buffer.from("four"));
  assert.deepEqual(withBody, { accept: "a/b", "content-length": "4" });
});
