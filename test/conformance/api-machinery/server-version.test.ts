import assert from "node:assert/strict";
import { VersionApi } from "@kubernetes/client-node";
import { conformance } from "../suite.ts";

conformance(
  "[sig-api-machinery] server version should find the server version [Conformance]",
  async ({ api, raw, kubectl }) => {
    const version = await api(VersionApi).getCode();
    assert.match(version.major, /^[1-9][0-9]*$/);
    assert.match(version.minor, /^[0-9]+\+?$/);
    assert.match(version.gitVersion, new RegExp(`^v${version.major}\\.${Number.parseInt(version.minor)}\\.`));
    for (const field of [version.gitCommit, version.gitTreeState, version.buildDate, version.platform])
      assert.equal(typeof field, "string");

    // Everybody may ask for it.
    assert.equal((await raw("GET", "/version", { anonymous: true })).code, 200);
    const { stdout } = await kubectl(["version", "-o", "json"]);
    const { serverVersion } = JSON.parse(stdout) as { serverVersion: { gitVersion: string } };
    assert.equal(serverVersion.gitVersion, version.gitVersion);
  },
);
