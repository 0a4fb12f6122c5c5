import { equal, match, ok, rejects } from "node:assert/strict";
import { after, describe, test } from "node:test";
import { canMakeNamespaces, NetworkLab } from "#testing/network/lab";
import { openNftables } from "./nftables.ts";

describe("the packet filter, by library and by program", { skip: !canMakeNamespaces && "needs root" }, () => {
  const lab = new NetworkLab();
  after(() => lab.close());

  for (const program of [false, true]) {
    test(program ? "program" : "library", async () => {
      const [machine] = await lab.machines(program ? "program" : "library");
      const nft = openNftables({ namespace: `/run/netns/${machine.namespace}`, program });
      equal(nft.via, program ? "program" : "library");
      await nft.run("add table ip a\nadd set ip a s { type ipv4_addr; }\n");
      // All or nothing, in the order of the calls, and a refusal holds up nobody.
      const calls = [
        nft.run("add element ip a s { 192.0.2.1 }\n"),
        nft
          .run("add element ip a s { 192.0.2.2 }\nadd element ip a missing { 192.0.2.3 }\n")
          .catch((error: Error) => error.name),
        nft.run("list set ip a s\n"),
      ];
      const [, refused, listed] = await Promise.all(calls);
      equal(refused, "NftablesRefused");
      match(listed!, /elements = \{ 192\.0\.2\.1 \}/);
      await rejects(nft.run("nonsense\n"), /syntax error/);
      ok((await machine.run("nft", "list", "tables")).includes("table ip a"));
      nft.close();
    });
  }
});
