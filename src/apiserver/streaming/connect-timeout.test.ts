import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { endUnlessConnected } from "./connect-timeout.ts";

test("who takes a connection and says nothing is not waited for", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const asked = endUnlessConnected(request({ host: "127.0.0.1", port, agent: false, timeout: 20 }));
  asked.end();
  const [error] = (await once(asked, "error")) as [Error];
  assert.equal(error.message, "no connection in time");
  silent.close();
});
