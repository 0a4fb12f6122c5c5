import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../http/exchange.ts";
import { credentialHeaders, forwardedRequest } from "./front-proxy.ts";

const exchangeWith = (headers: Readonly<Record<string, string>>): Exchange =>
  ({
    path: "/apis/a.example.com/v1/eels",
    raw: { protocol: "in-process", body: new Uint8Array() },
    credentials: { remoteAddress: "" },
    header: (name: string) => headers[name],
    headerNames: () => Object.keys(headers),
  }) as unknown as Exchange;

const ann = { name: "ann", groups: ["sea"] };

test("nobody says who asks in this server's name, wherever its proxies would", () => {
  const isCredential = credentialHeaders({
    usernameHeaders: ["X-Proxy-User"],
    uidHeaders: ["X-Proxy-Uid"],
    groupHeaders: ["X-Proxy-Group"],
    extraPrefixes: ["X-Proxy-Extra-"],
  });
  const sent = {
    authorization: "Bearer t",
    "impersonate-user": "root",
    "x-remote-user": "root",
    "x-remote-groups": "root",
    "x-proxy-user": "root",
    "x-proxy-uid": "0",
    "x-proxy-group": "system:masters",
    "x-proxy-extra-scopes": "all",
    "x-other": "1",
  };
  const {
    "x-forwarded-proto": _proto,
    "x-forwarded-uri": _uri,
    ...headers
  } = forwardedRequest(exchangeWith(sent), ann, isCredential);
  assert.deepEqual(headers, { "x-other": "1", "x-remote-user": "ann", "x-remote-group": ["sea"] });
});

test("names that are no ASCII go as UTF-8", () => {
  const user = { name: "Zoë", groups: ["Ørsted", "日本"] };
  const headers = forwardedRequest(exchangeWith({}), user, credentialHeaders());
  const utf8 = (text: string) => Buffer.from(text, "latin1").toString("utf8");
  assert.equal(utf8(headers["x-remote-user"] as string), "Zoë");
  assert.deepEqual((headers["x-remote-group"] as readonly string[]).map(utf8), ["Ørsted", "日本"]);
});
